"""Telephone numbers, codes, rooms, trains and plates in Chinese text, read by the figure."""

import re

from daemon.voice.mandarin_digits import FREE, MEASURE, cardinal, digits, telephone
from daemon.voice.rules import rules

# Numbers that everybody in mainland China knows as telephone numbers, whatever stands around them.
_SERVICES = (
    "10086|10010|10001|10099|1008611|12306|12315|12345|12333|12348|12358|12366|12369|12380|12388|"
    "12123|12320|12321|12329|12338|12355|12377|12122|12110|12119|12395|96110|95588|95533|95555|"
    "95566|95599|95559|95595|95568|95561|95577|95508|95528|95511|95516|95518|95519|95522|95500|"
    "95338|95543|95546|95554|95583|95530|95539|95557|95080|11185|11183"
)
_CALLED = (
    "电话|電話|热线|熱線|客服|拨打|撥打|拨|撥|致电|致電|呼叫|传真|座机|总机|分机|短号|短信到?|手机号?|来电|"
    "联系方式|报警|急救|火警|公安|转接?"
)
_CODES = (
    "验证码|校验码|动态码|动态密码|安全码|核销码|券码|税号|档案号|门牌号?|座位号|座号|取餐号|确认码|识别码|激活码|邀请码|兑换码|取件码|提取码|取餐码|密码|口令|尾号|后四位|编号|"
    "编码|代码|单号|订单号?|运单号?|流水号|序列号|卡号|账号|帐号|账户|学号|工号|考号|准考证号|证件号|"
    "身份证号?码?|护照号?|车牌号?|邮编|邮政编码|QQ|QQ号|群号|微信号?|会员号|ID|PIN|PIN码|发票号?|批次号?|批号"
)
_LINK = r"(?:号码|号|號|码|碼)?(?:\s|是|为|為|：|:|叫|到|了|“|\")*"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NO_AMOUNT = r"(?![\d.,%]|\s?[位个次元分块折万亿米人台件条]|号楼)"


def _telephone(match: re.Match[str]) -> str:
    return telephone(match[0])


def _service(match: re.Match[str]) -> str:
    """Read a known number, unless something is counted by it: 12345元."""
    after = match.string[match.end() :]
    return (
        match[0]
        if MEASURE.match(after) or (after[:1] in "%.,:" and after[:1])
        else telephone(match[0])
    )


def _called(match: re.Match[str]) -> str:
    return match[1] + telephone(match[2])


def _code(match: re.Match[str]) -> str:
    written = match[2].replace("-", "")
    return match[1] + re.sub(r"\d+", lambda run: digits(run[0]), written)


def _named(match: re.Match[str]) -> str:
    """Letters that stay, and figures: G1234次 → G幺二三四次."""
    return re.sub(r"\d+", lambda run: telephone(run[0]), match[0])


def _figures(match: re.Match[str]) -> str:
    return digits(match[0])


def _version(match: re.Match[str]) -> str:
    return "点".join(
        digits(part) if len(part) > 2 else cardinal(part) for part in match[0].split(".")
    )


def _address(match: re.Match[str]) -> str:
    return "点".join(digits(part) for part in match[0].split("."))


RULES = rules(
    (FREE + r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)", _telephone),
    (FREE + r"\+?86[- ]\d{2,3}[- ]\d{7,8}(?!\d)", _telephone),
    (r"(?<![A-Za-z\d.])\(?0\d{2,3}\)?[- ]?\d{3,4}[- ]?\d{4}(?![\d.])", _telephone),
    (FREE + r"[48]00(?:-\d{3}-?\d{4}|-\d{4}-?\d{3}|\d{7})(?!\d)", _telephone),
    (FREE + r"\d{6}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\d)", _figures),
    (FREE + r"\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,3})?(?!\d)", _figures),
    (rf"((?:{_CODES}){_LINK})([A-Za-z\d][A-Za-z\d-]*\d[A-Za-z\d]*){_NO_AMOUNT}", _code),
    (rf"((?:{_CALLED}){_LINK})(\d{{3,8}}(?:-\d{{3,8}})?){_NO_AMOUNT}", _called),
    (rf"((?<=[打拨撥]))(\d{{3,8}}){_NO_AMOUNT}", _called),
    (FREE + rf"(?:{_SERVICES})(?!\d)", _service),
    (
        FREE + r"(?:110|119|120|122|114)(?=报警|急救|火警|指挥|电话|热线|查号|救护|民警|接警)",
        _telephone,
    ),
    (
        rf"[{_PROVINCES}][A-Z][·•\s]?(?=[A-Z]*\d)[A-Z\d]{{5,6}}(?![A-Za-z\d])|粤Z[A-Z\d]{{4}}(?=[港澳])",
        _named,
    ),
    (
        r"(?<![A-Za-z\d])(?:[A-Z]{1,2}|\d[A-Z])\d{1,4}(?=次(?!数|方)|号?航班|号?列车|号?动车|号?高铁|高速|国道|省道)",
        _named,
    ),
    (
        r"(?:(?<=航班)|(?<=航班号)|(?<=车次)|(?<=列车)|(?<=[乘坐])|(?<=高铁))[A-Z]{1,2}\d{1,4}(?![A-Za-z\d])",
        _named,
    ),
    (
        r"(?<!\d)\d{3,4}(?=室|房(?!间数)|号房|號房|号?包间|号?包厢|教室|会议室|宿舍|寝室|国道|省道|路公交|路(?![口段上]))",
        _telephone,
    ),
    (
        r"((?:房间|房号|教室|会议室|寝室|宿舍|包厢|包间|房卡)" + _LINK + r")(\d{3,4})" + _NO_AMOUNT,
        _called,
    ),
    (r"(?<=波音)\d{3}(?!\d)|(?<=空客)\d{3}(?!\d)|(?<=空客A)\d{3}(?!\d)", _figures),
    (
        r"(?<!\d)(?:911|315|618|985|211|404|996|007)(?=[^\d.,%]?(?:事件|晚会|大促|购物|高校|大学|工程|活动|恐怖|错误|工作制|加班|院校))",
        _figures,
    ),
    flags=re.ASCII,
)

VERSIONS = rules(
    (FREE + r"\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", _address),
    (FREE + r"\d+(?:\.\d+){2,}(?!\.?\d)", _version),
    flags=re.ASCII,
)
