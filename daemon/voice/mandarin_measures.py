"""Money, units and percentages in Chinese text."""

import re
from decimal import Decimal

from daemon.voice.mandarin_digits import DASH, FREE, NUMBER, cardinal, counted
from daemon.voice.rules import rules

_UNITS = {
    "km": "公里", "m": "米", "cm": "厘米", "mm": "毫米", "dm": "分米", "nm": "纳米", "μm": "微米",
    "um": "微米", "mi": "英里", "ft": "英尺", "inch": "英寸", "kg": "公斤", "mg": "毫克", "g": "克",
    "μg": "微克", "ug": "微克", "lb": "磅", "lbs": "磅", "oz": "盎司", "ml": "毫升", "mL": "毫升",
    "dL": "分升", "dl": "分升", "L": "升", "l": "升", "kWh": "千瓦时", "kwh": "千瓦时",
    "kW": "千瓦",
    "kw": "千瓦", "MW": "兆瓦", "GW": "吉瓦", "W": "瓦", "mV": "毫伏", "kV": "千伏", "V": "伏",
    "mA": "毫安", "mAh": "毫安时", "Ω": "欧姆", "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫",
    "GHz": "吉赫", "dB": "分贝", "ms": "毫秒", "s": "秒", "min": "分钟", "h": "小时", "Pa": "帕",
    "kPa": "千帕", "hPa": "百帕", "MPa": "兆帕", "ha": "公顷", "t": "吨", "J": "焦耳", "kJ": "千焦",
    "cal": "卡", "kcal": "千卡", "mol": "摩尔", "px": "像素", "rpm": "转每分钟", "bpm": "次每分钟",
    "fps": "帧每秒", "mph": "英里每小时", "kbps": "千比特每秒", "Kbps": "千比特每秒",
    "Mbps": "兆比特每秒", "Gbps": "吉比特每秒", "ppm": "百万分之一", "°C": "摄氏度",
    "°F": "华氏度", "°": "度",
    # Letters that stay, for the other voice; only the number before them is Chinese.
    "KB": " KB", "MB": " MB", "GB": " GB", "TB": " TB",
}  # fmt: skip
_UNITS |= {
    unit.upper(): _UNITS[unit]
    for unit in ("km", "cm", "mm", "kg", "ml", "lb", "lbs", "oz", "kwh", "rpm", "bpm", "hz", "min")
    if unit in _UNITS
}
_UNITS |= {
    "Km": "公里",
    "Kg": "公斤",
    "Cm": "厘米",
    "Ml": "毫升",
    "KW": "千瓦",
    "HZ": "赫兹",
    "MHZ": "兆赫",
}
_POWERS = {"2": "平方", "3": "立方"}
_LENGTHS = ("km", "m", "cm", "mm", "dm", "KM", "CM", "MM", "ft", "Km")
_UNITS |= {
    f"{unit}{caret}{power}": _POWERS[power] + _UNITS[unit]
    for unit in _LENGTHS
    for power in _POWERS
    for caret in ("", "^")
}
_UNITS |= {"s2": "二次方秒", "s^2": "二次方秒"}
_PER = {"H": "小时", "S": "秒"}
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))

_MONEY = {
    "¥": "元", "￥": "元", "RMB": "元", "CNY": "元", "CN¥": "元", "$": "美元", "US$": "美元",
    "USD": "美元",
    "HK$": "港元", "HKD": "港元", "NT$": "新台币", "TWD": "新台币", "A$": "澳元", "AUD": "澳元",
    "C$": "加元", "CAD": "加元", "S$": "新加坡元", "SGD": "新加坡元", "€": "欧元", "EUR": "欧元",
    "£": "英镑", "GBP": "英镑", "JP¥": "日元", "JPY": "日元", "₩": "韩元", "KRW": "韩元",
    "₽": "卢布",
    "₹": "卢比", "฿": "泰铢",
}  # fmt: skip
_SIGN = "|".join(re.escape(sign) for sign in sorted(_MONEY, key=len, reverse=True))
_THOUSANDS = {"k": 1_000, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


def _money(match: re.Match[str]) -> str:
    number, high, scale = match["number"], match["high"], match["scale"] or ""
    if scale in _THOUSANDS:
        number, scale = str((Decimal(number.replace(",", "")) * _THOUSANDS[scale]).normalize()), ""
        number = f"{Decimal(number):f}"
    said = ("负" if match["minus"] else "") + counted(_short(number), scale or "元")
    if high:
        said += "到" + counted(_short(high), scale or "元")
    return said + scale + _MONEY[match["sign"]]


def _short(number: str) -> str:
    """Leave out zeros that nobody says: 12.50 → 12.5."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _money_behind(match: re.Match[str]) -> str:
    scale = match[2]
    return counted(_short(match[1]), scale or "元") + scale + _MONEY[match[3]]


def _unit(match: re.Match[str]) -> str:
    minus, number, scale, unit, per = match.groups()
    sign = ("零下" if unit == "°C" else "负") if minus else ""
    name = _UNITS[unit]
    said = sign + counted(number, scale or name.strip()) + scale + name
    return said + (f"每{_PER.get(per) or _UNITS[per].strip()}" if per else "")


def _percent(match: re.Match[str]) -> str:
    whole = {"%": "百", "‰": "千"}[match[3]]
    amount = "百" if match[2] == "100" and whole == "百" else cardinal(match[2])
    return ("负" if match[1] else "") + f"{whole}分之{amount}"


RULES = rules(
    (
        rf"(?P<minus>(?<!\w)[-−])?(?<![A-Za-z])(?P<sign>{_SIGN})\s*(?P<number>{NUMBER})"
        rf"(?:{DASH}(?:(?P=sign))?(?P<high>{NUMBER}))?"
        r"(?P<scale>[十百千万亿]+|[kKMB](?![A-Za-z]))?(?:元|块(?!钱))?",
        _money,
    ),
    (rf"{FREE}({NUMBER})([十百千万亿]*)\s*({_SIGN})(?![A-Za-z\d])", _money_behind),
    (rf"(?<![\w.])([-−])?({NUMBER})\s*([%‰])", _percent),
    (
        rf"(?<![\w.])([-−])?({NUMBER})\s?([万亿]?)({_UNIT})(?:/({_UNIT}|[HS]))?(?![A-Za-z\d^])",
        _unit,
    ),
    (
        rf"(?<=次方)\s?({_UNIT})(?:/({_UNIT}))?(?![A-Za-z\d^])",
        lambda m: _UNITS[m[1]].strip() + (f"每{_UNITS[m[2]].strip()}" if m[2] else ""),
    ),
    (rf"(?<=[元块角])\s?/\s?({_UNIT})(?![A-Za-z\d^])", lambda m: f"每{_UNITS[m[1]].strip()}"),
    # The letter stays, for the other voice.
    (
        rf"(?<![\w.])({NUMBER})(?=[GMT](?:内存|流量|显存|硬盘|存储|宽带|带宽|网速|容量|文件|空间))"
        r"|(?<![\w.])(\d{2,})(?=[GM](?![A-Za-z\d]))",
        lambda m: cardinal(m[0]) + " ",
    ),
    flags=re.ASCII,
)
