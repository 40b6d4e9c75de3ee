"""What LaTeX's commands are called, in English and in Chinese."""

from typing import NamedTuple


class Words(NamedTuple):
    """What a sign with bounds is called: with both, with only the lower one, with none."""

    both: str
    below: str
    alone: str


BOUNDED = {
    "sum": (
        Words(
            "the sum from {below} to {above} of", "the sum over {below} of", "the sum of"
        ),
        Words("从{below}到{above}求和，", "对{below}求和，", "求和"),
    ),
    "prod": (
        Words(
            "the product from {below} to {above} of", "the product over {below} of",
            "the product of"
        ),
        Words("从{below}到{above}连乘，", "对{below}连乘，", "连乘"),
    ),
    "int": (
        Words(
            "the integral from {below} to {above} of", "the integral over {below} of",
            "the integral of",
        ),
        Words("从{below}到{above}积分，", "在{below}上积分，", "积分"),
    ),
    "lim": (
        Words("the limit as {below} of", "the limit as {below} of", "the limit of"),
        Words("{below}时的极限，", "{below}时的极限，", "极限"),
    ),
}  # fmt: skip
BOUNDED |= {"iint": BOUNDED["int"], "oint": BOUNDED["int"]}

GREEK = {
    "alpha": ("alpha", "阿尔法"), "beta": ("beta", "贝塔"), "gamma": ("gamma", "伽马"),
    "delta": ("delta", "德尔塔"), "epsilon": ("epsilon", "艾普西龙"),
    "varepsilon": ("epsilon", "艾普西龙"), "zeta": ("zeta", "泽塔"), "eta": ("eta", "伊塔"),
    "theta": ("theta", "西塔"), "vartheta": ("theta", "西塔"), "iota": ("iota", "约塔"),
    "kappa": ("kappa", "卡帕"), "lambda": ("lambda", "兰姆达"), "mu": ("mu", "缪"),
    "nu": ("nu", "纽"), "xi": ("xi", "克西"), "pi": ("pi", "派"), "rho": ("rho", "柔"),
    "sigma": ("sigma", "西格马"), "tau": ("tau", "套"), "upsilon": ("upsilon", "宇普西龙"),
    "phi": ("phi", "斐"), "varphi": ("phi", "斐"), "chi": ("chi", "希"), "psi": ("psi", "普西"),
    "omega": ("omega", "欧米伽"),
}  # fmt: skip

SIGNS = {
    "+": ("plus", "加"), "-": ("minus", "减"), "=": ("equals", "等于"), "*": ("times", "乘"),
    "/": ("over", "除以"), "<": ("is less than", "小于"), ">": ("is greater than", "大于"),
    "!": ("factorial", "的阶乘"), "times": ("times", "乘"), "cdot": ("times", "乘"),
    "ast": ("times", "乘"), "div": ("divided by", "除以"), "pm": ("plus or minus", "正负"),
    "mp": ("minus or plus", "负正"), "leq": ("is less than or equal to", "小于等于"),
    "geq": ("is greater than or equal to", "大于等于"), "lt": ("is less than", "小于"),
    "gt": ("is greater than", "大于"), "ll": ("is much less than", "远小于"),
    "gg": ("is much greater than", "远大于"), "neq": ("is not equal to", "不等于"),
    "approx": ("is approximately", "约等于"), "sim": ("is similar to", "相似于"),
    "cong": ("is congruent to", "全等于"), "equiv": ("is identical to", "恒等于"),
    "propto": ("is proportional to", "正比于"), "to": ("approaches", "趋于"),
    "rightarrow": ("to", "到"), "Rightarrow": ("implies", "推出"), "implies": ("implies", "推出"),
    "Leftrightarrow": ("if and only if", "等价于"), "iff": ("if and only if", "等价于"),
    "mapsto": ("maps to", "映射到"), "infty": ("infinity", "无穷大"), "in": ("in", "属于"),
    "notin": ("not in", "不属于"), "subset": ("is a subset of", "包含于"),
    "subseteq": ("is a subset of", "包含于"), "cup": ("union", "并"), "cap": ("intersection", "交"),
    "emptyset": ("the empty set", "空集"), "forall": ("for all", "对任意"),
    "exists": ("there exists", "存在"), "land": ("and", "且"), "lor": ("or", "或"),
    "neg": ("not", "非"), "partial": ("partial", "偏"), "nabla": ("nabla", "梯度"),
    "ldots": ("and so on", "等等"), "circ": ("degrees", "度"), "degree": ("degrees", "度"),
    "prime": ("prime", "撇"), "angle": ("angle", "角"), "triangle": ("triangle", "三角形"),
    "perp": ("is perpendicular to", "垂直于"), "parallel": ("is parallel to", "平行于"),
    "mid": ("given", "整除"), "therefore": ("therefore", "所以"), "because": ("because", "因为"),
    "bmod": ("modulo", "模"), "pmod": ("modulo", "模"), "hbar": ("h bar", "h拔"), "ell": ("l", "l"),
}  # fmt: skip
SIGNS |= {
    "le": SIGNS["leq"], "leqslant": SIGNS["leq"], "ge": SIGNS["geq"], "geqslant": SIGNS["geq"],
    "ne": SIGNS["neq"], "dots": SIGNS["ldots"], "cdots": SIGNS["ldots"], "vdots": SIGNS["ldots"],
    "longrightarrow": SIGNS["rightarrow"], "varnothing": SIGNS["emptyset"], "−": SIGNS["-"],
    "×": SIGNS["times"], "·": SIGNS["times"], "≤": SIGNS["leq"], "≥": SIGNS["geq"],
}  # fmt: skip

FUNCTIONS = {
    "sin": ("sine", "正弦"), "cos": ("cosine", "余弦"), "tan": ("tangent", "正切"),
    "cot": ("cotangent", "余切"), "sec": ("secant", "正割"), "csc": ("cosecant", "余割"),
    "arcsin": ("arc sine", "反正弦"), "arccos": ("arc cosine", "反余弦"),
    "arctan": ("arc tangent", "反正切"), "sinh": ("hyperbolic sine", "双曲正弦"),
    "cosh": ("hyperbolic cosine", "双曲余弦"), "tanh": ("hyperbolic tangent", "双曲正切"),
    "log": ("log", "对数"), "lg": ("log", "常用对数"), "ln": ("natural log", "自然对数"),
    "exp": ("exp", "指数"),
    "max": ("the maximum of", "最大值"), "min": ("the minimum of", "最小值"),
    "det": ("the determinant of", "行列式"),
    "gcd": ("the greatest common divisor of", "最大公约数"),
    "deg": ("degree", "次数"), "dim": ("dimension", "维数"), "arg": ("argument", "辐角"),
}  # fmt: skip

ACCENTS = {
    "overline": ("{} bar", "{}拔"), "bar": ("{} bar", "{}拔"), "hat": ("{} hat", "{}帽"),
    "widehat": ("{} hat", "{}帽"), "tilde": ("{} tilde", "{}波浪"), "vec": ("vector {}", "向量{}"),
    "dot": ("{} dot", "{}点"), "ddot": ("{} double dot", "{}两点"),
    "overrightarrow": ("vector {}", "向量{}"), "abs": ("the absolute value of {}", "{}的绝对值"),
}  # fmt: skip

STYLES = {
    "mathbf", "mathbb", "mathcal", "mathfrak", "mathsf", "mathit", "boldsymbol", "bm", "boxed",
    "underline", "underbrace", "overbrace", "ce", "substack", "phantom", "cancel", "emph",
}  # fmt: skip
"""Commands that change the look of what they are given."""

NOTHING = {
    "left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "middle", "quad", "qquad",
    "limits", "nonumber", "displaystyle", "textstyle", "hline", "hfill",
}  # fmt: skip
"""Commands that are not heard."""
