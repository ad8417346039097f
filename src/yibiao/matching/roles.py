"""Whom a header speaks of: the person of the row, or another one (户主, 监护人 ...)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from yibiao.matching.normalise import key, label

ROLES: dict[str, tuple[str, ...]] = {
    "head": ("户主", "承包方代表", "家庭户主"),
    "guardian": (
        "监护人",
        "现监护人",
        "第一监护人",
        "第二监护人",
        "主要监护人",
        "监护责任人",
        "法定监护人",
        "受委托监护人",
        "委托监护人",
        "家长",
        "委托照料人",
        "实际监护",
    ),
    "father": ("父亲", "爸爸"),
    "mother": ("母亲", "妈妈"),
    "spouse": ("配偶", "丈夫", "妻子", "爱人", "男方", "夫方", "老公", "老婆"),
    "owner": (
        *("产权人", "房屋产权人", "房主", "业主", "房东", "出租人", "屋主", "房屋所有人", "所有权人", "房子产权人"),
        *(
            "权利人",
            "产权所有人",
            "房屋权利人",
            "不动产权利人",
            "房产所有人",
            "房屋业主",
            "房屋所有者",
            "房屋所有权人",
            "房屋出租人",
            "出租方",
        ),
    ),
    "tenant": (
        "承租人",
        "租户",
        "租客",
        "租住人",
        "使用人",
        "房屋使用人",
        "使用者",
        "房屋使用者",
        "承租方",
        "租赁人",
        "租房人",
    ),
    "relative": (
        "家属",
        "亲属",
        "联系家属",
        "近亲属",
        "供养亲属",
        "遗属",
        "主要社会关系",
        "社会关系",
        "祖父",
        "祖母",
        "外祖父",
        "外祖母",
    ),
    "member": (
        "家庭成员",
        "共同生活的家庭成员",
        "共同生活家庭成员",
        "成员",
        "家庭其他成员",
        "家庭主要成员",
        "共同申请人",
        "子女",
        "家庭人口",
        "现有家庭人口",
        "家庭人员",
    ),
    "contact": ("联系人", "联络员", "联络人", "紧急联系人", "应急联系人", "紧急联系"),
    "legal_representative": (
        *("法定代表人", "法人代表", "法人", "负责人", "主要负责人", "单位负责人"),
        *("经营者", "园长", "农场主"),
    ),
    "agent": ("经办人", "代办人", "代理人", "受托人", "委托代理人", "受委托人", "被委托人"),
    "reporter": (
        *("报告人", "上报人", "举报人", "反映人", "事件申报人", "报案人", "报事人"),
        *("建议人", "来信人", "写信人", "留言人", "诉求人", "反馈人", "投诉人", "报警人", "检举人"),
    ),
    "respondent": ("被申请人", "对方当事人", "被告人", "被告", "被投诉人"),
}
"""Role as contracts write it -> Chinese words for it, the first of which is shown."""

SELF = (
    *(
        "本人",
        "申请人",
        "申领人",
        "申办人",
        "参保人",
        "参保人员",
        "持证人",
        "学生",
        "逝者",
        "死者",
        "患者",
        "居民",
        "人员",
        "被保险人",
    ),
    *(
        "老人",
        "老年人",
        "职工",
        "儿童",
        "受种者",
        "持卡人",
        "残疾人",
        "低保对象",
        "户籍人",
        "幼儿",
        "被评估人",
        "被评估者",
    ),
    *(
        "救助人",
        "被救助人",
        "受助人",
        "孕妇",
        "产妇",
        "孕产妇",
        "党员",
        "退役军人",
        "劳动者",
        "村民",
        "死亡人员",
        "新生儿",
    ),
    *("病人", "考生", "求职者", "失业人员", "被监护人", "被照护人", "被照料人", "入住老人", "受益人", "参保者"),
    *("申请者", "申办者", "提交人", "提交者", "填报对象"),
    *("走访对象", "被走访人", "帮扶对象", "被帮扶人", "随访对象", "评估对象", "签约对象", "签约居民", "受助对象"),
    *(
        "流动人口",
        "流动人员",
        "暂住人",
        "居住人",
        "居住人员",
        "求助人",
        "应聘人",
        "应聘者",
        "受检者",
        "体检者",
        "持证人员",
    ),
    *(
        "特困人员",
        "矫正对象",
        "被征收人",
        "未成年人",
        "新生",
        "求职人员",
        "死亡者",
        "就诊人",
        "患儿",
        "被鉴定人",
        "被执行人",
        "志愿者",
    ),
    *("救助对象", "监测对象", "优抚对象", "服务对象", "对象", "个人", "学员", "驾驶员", "从业者", "当事人"),
    *(
        "申报人",
        "申请职工",
        "缴存职工",
        "参保职工",
        "报名人",
        "报考人",
        "购房人",
        "被查询人",
        "被登记人",
        "登记人员",
        "申请学生",
    ),
    # 男方 is a spouse: forms that name both are of the woman (怀孕, 育龄妇女).
    "自然人",
    *("女方", "妻方", "育龄妇女", "妇女"),
    # Who is punished, complains in person, joins or buys: registers of such matters are of him.
    *(
        "被处罚人",
        "被处罚者",
        "被处罚对象",
        "违法人",
        "来访人",
        "信访人",
        "上访人",
        "患方",
        "会员",
        "认购人",
        "托养人",
        "托养对象",
        "亡故人",
        "病例",
        "婴儿",
        "婴幼儿",
        "被考评人",
        "被考核人",
        "被推荐人",
        "被评审人",
        "亡者",
        "长者",
        "滞留人员",
    ),
)
"""Words for the person of the row himself."""

_SECTION = ("情况", "信息", "概况", "基本情况", "基本信息", "资料", "登记", "及其")
_OPPOSED = re.compile(r"^被(?:信访|投诉|举报|反映|检举|控告|申诉|告|害|侵)")
_SOMEBODY = re.compile(
    r"^[^与和及]{1,5}?(?:人|者|员|户|工|方)(?=姓名|身份证|公民身份|性别|出生|年龄|民族|住址|地址|联系|电话|手机|职务|学历)"
)
_PERSON = re.compile(
    r"(?:人|人员|者|员|师|医生|股东|代表|职工|干部|社工|专家|教练|主任|经理|负责人|投资者|护士|厨师|帮工"
    r"|人员名单|人员状况)$"
)
_OF_REGISTER = re.compile(
    r"^(?:残疾|失业|育龄|吸毒|涉毒|涉邪|矫正|社区矫正|刑满释放|刑释|刑释解教|留守|留守儿童|低保|特困|优抚|重点|境外|退役|贫困|流动|困难|信访|户籍|"
    r"精神障碍|严重精神障碍|艾滋病|服刑|帮教|独居|空巢)(?:人员|人口|老人|儿童|青少年|患者)$"
)
"""Categories of residents, of which a register of persons has a part each: 残疾人员信息/残疾类型."""
_WHOLE = re.compile(r"(?:单位|企业|公司|机构|场所|店|社|所|厂|院|校|园|站|主要|经营|现|原|拟任)$")
_OF_BODY = re.compile(r"(?:组|会|班子|团队|机构|单位|社|队|部|委)成员$")
"""Members of a body, whom no report speaks of: 筹备组成员, 业主委员会成员."""
_FAMILY_OF = re.compile(r"[人者员]家庭$")
_NAMED = re.compile(r"(?<=人)(?:姓名|名称)$")
_THING = re.compile(
    r"家族史|病史|遗传史|犬|宠物|牲畜|车辆|机具|设备|产品|项目|工程|地块|部门|机关|经办机构|受理机构|枪|船|设施|证书|许可证|执照|"
    r"寄件|收件|邮寄|快递|教育培训|教育经历|培训经历|任职经历|履历|工作经验|合同|发票|仓库|出资|投资者|投资人|受损|生产能力|专利|奖|资历|曾(?:就读|工作)|工作经历|学习经历|简历"
)
_FORM = re.compile(r"(?:登记|采集|调查|申请|信息|统计|一览|汇总|审批)*(?:表|册|单|簿|卡|书)$")
"""Words with which a title says that it is a form."""
_OF_HOUSE = re.compile(r"(?:.*(?:房屋?|房产|不动产|小区|物业|出租屋|土地|宅基地))?")
"""What may stand before a word for owner or tenant in a title."""
_WORDS = sorted(((word, role) for role, words in ROLES.items() for word in words), key=lambda one: -len(one[0]))
_SELF_NAMES = frozenset({"患者", "死者", "逝者", "申办人", "申领人", "会员", "认购人", "被处罚人", "来访人", "信访人"})
"""Words for the person of the row that alone ask his name."""
_SELF = sorted(SELF, key=len, reverse=True)
_ROLE_OF = dict(_WORDS)
_ASKED = "姓名|身份证|公民身份|性别|出生|年龄|民族|联系电话|联系方式|电话|手机"
_AMID = re.compile(
    "^(?:参加.{2,4}|共同.{2,4}|随行|随迁|同住|在华|主要|其他|其它|直系)的?(?P<who>"
    + "|".join(word for word, role in _WORDS if role in ("guardian", "spouse", "relative", "member"))
    + f")(?P<rest>(?:{_ASKED}).*)$"
)
"""A person with a role whose word stands behind what tells more of him."""
_BARE_IS_NAME = frozenset(ROLES) - {"member"}
_OF_HIS = frozenset({"guardian", "spouse", "father", "mother", "relative", "member"})


@dataclass(frozen=True)
class Whom:
    """A person that a header speaks of.

    Attributes:
        role: as contracts write it; None for the person of the row.
        rest: what is asked of him, as a key; `姓名` if the header names the person alone.
        said: the word that names him.
        by_path: the word stands in an upper level of the header.
        unknown: the word names somebody (来访人, 养犬人) of whom nobody knows whether he is the person of the row.
    """

    role: str | None
    rest: str
    said: str = ""
    by_path: bool = False
    unknown: bool = False


def word_of(role: str | None) -> str | None:
    """The Chinese word that is shown for a role."""
    return ROLES[role][0] if role in ROLES else role


def readings(words: str, parents: Sequence[str] = ()) -> tuple[Whom, ...]:
    """All ways to understand whom a header speaks of, the likeliest first.

    Args:
        words: key of the innermost header.
        parents: texts of the outer headers, from the outside.
    """
    return _readings(words, tuple(parents))


@lru_cache(maxsize=20_000)
def _readings(words: str, parents: tuple[str, ...]) -> tuple[Whom, ...]:
    upper = _uppermost(parents)
    found: list[Whom] = []
    if words.startswith("紧急联系") or words.startswith("应急联系"):
        return (Whom(None, words),)  # an element of its own, not the contact of somebody
    for word, role in _WORDS:
        if words == word:
            if role in _BARE_IS_NAME:
                found.append(Whom(role, "姓名", word))
            break
        if words.startswith(word):
            rest = words[len(word) :].lstrip("的之")
            # 法人类型, 户主关系: the word is part of a name of its own, which the lexicon knows if it is one.
            if rest:
                found.append(Whom(role, rest, word))
            break
    if not found and (amid := _AMID.match(words)):
        # 共同生活的家庭成员姓名, 随行家属姓名: what stands before it tells more of the same person.
        found.append(Whom(_ROLE_OF[amid["who"]], amid["rest"], amid["who"]))
    if words in _SELF_NAMES:
        found.append(Whom(upper[0] if upper else None, "姓名", words))
    if not found:
        for word in _SELF:
            if words.startswith(word) and words != word:
                rest = words[len(word) :].lstrip("的之")
                if len(rest) > 1:
                    found += _of_his(rest, word)
                    found.append(Whom(upper[0] if upper else None, rest, word))
                break
    if not found and not upper and (other := _SOMEBODY.match(words)):
        found.append(Whom(None, words[other.end() :], other[0], unknown=True))
    if upper and not any(one.role for one in found):
        found.insert(0, Whom(upper[0], words, upper[1], by_path=True))
    found.append(Whom(upper[0] if upper else None, words, upper[1] if upper else "", by_path=bool(upper)))
    return tuple(dict.fromkeys(found))


def _uppermost(parents: Sequence[str]) -> tuple[str, str] | None:
    """The innermost role that outer headers name; 消防安全责任人 below 负责人信息 is somebody else."""
    for text in reversed(parents):
        if (found := _upper(text)) is not None:
            return found
        words = section_words(text)
        if len(words) > 3 and words not in SELF and _PERSON.search(words):
            return None
    return None


def _of_his(rest: str, said: str) -> list[Whom]:
    """The other person whom a header names after the one of the row: 学生家长联系方式, 申请人配偶姓名."""
    for word, role in _WORDS:
        asked = rest.removeprefix(word).lstrip("的之")
        if rest.startswith(word) and role in _OF_HIS and re.match(_ASKED, asked):
            return [Whom(role, asked, said + word)]
    return []


def is_titled(said: str, title: str) -> bool:
    """Does a title name what somebody is called by: 来访人 in a register of 来信来访?"""
    return len(said) > 2 and said[:-1] in key(title)


def is_stranger(text: str, title: str = "") -> bool:
    """Does an outer header name a person whom no role is for, or a thing: 发起人, 食品安全管理人员, 犬只信息?

    Args:
        title: of the form; whom it names (配枪人员) is no stranger.
    """
    words = section_words(text)
    if _OF_BODY.search(words):
        return True
    if words and words in key(title):
        return False
    if _upper(text) or not words or words in SELF or _OF_REGISTER.search(words):
        return False
    # 被信访人对象 is the other party.
    if not _OPPOSED.search(words) and any(words.endswith(one) for one in SELF if one != "人员"):
        return False
    return bool(_OPPOSED.search(words) or _PERSON.search(words) or _THING.search(words))


@lru_cache(maxsize=20_000)
def section_words(text: str) -> str:
    """Words of an outer header without those that only begin a section: 监护人情况 -> 监护人."""
    words = key(text)
    for section in sorted(_SECTION, key=len, reverse=True):
        words = words.removesuffix(section) or words
    # 义务人姓名(名称)/证件号: the cell above is the name itself.
    return _NAMED.sub("", words)


def role_named(text: str, parents: Sequence[str] = ()) -> str | None:
    """The role of the person whose name a header asks: 法定代表人, 户主姓名."""
    whoms = (whom for form in label(text).forms for whom in readings(form, parents))
    return next((whom.role for whom in whoms if whom.role and whom.rest in ("姓名", "名字", "名称")), None)


def role_at_end(title: str) -> str | None:
    """Head, owner or tenant, if a title ends with him: 不动产权利人, 搬迁安置户主信息表; 枪支使用人 is no tenant."""
    words = section_words(_FORM.sub("", key(title)))
    for word, role in _WORDS:
        if len(word) > 1 and words.endswith(word):
            of_house = role in ("owner", "tenant") and _OF_HOUSE.fullmatch(words.removesuffix(word))
            return role if role == "head" or of_house else None
    return None


def family_of_stranger(text: str) -> bool:
    """Does an outer header name the family of somebody whom no role is for: 赡养义务人家庭信息?"""
    words = section_words(text)
    return bool(_FAMILY_OF.search(words)) and is_stranger(words.removesuffix("家庭"))


@lru_cache(maxsize=20_000)
def _upper(text: str) -> tuple[str, str] | None:
    """The role that an outer header names: 监护人情况, 申请户主信息, 家庭成员及主要社会关系."""
    words = section_words(text)
    if _OF_BODY.search(words):
        return None
    if words == "夫":
        return "spouse", "夫"
    for word, role in _WORDS:
        if words == word or (words.startswith(word) and len(words) <= len(word) + 8):
            return role, word
    for inside in label(text).inside:
        # 设立人（负责人）: the bracket says by a usual word who it is.
        for word, role in _WORDS:
            if key(inside) == word:
                return role, word
    for word, role in _WORDS:
        # 申请户主, 法定监护人: what stands before it tells more of the same person; 户主的配偶 begins with the role.
        # 夫妇曾经生育子女: a relative is named by longer words than an organisation's head.
        if len(word) > 1 and words.endswith(word) and len(words) <= len(word) + (8 if role in _OF_HIS else 4):
            # 质量负责人 is a head of something else than the whole.
            if role == "legal_representative" and words != word and not _WHOLE.search(words.removesuffix(word)):
                return None
            return role, word
    return None
