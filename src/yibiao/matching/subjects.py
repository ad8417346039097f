"""What forms of one kind call their subject: 纠纷名称 in a register of disputes is what others call 事件名称."""

from __future__ import annotations

import re
from collections.abc import Mapping

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "organisation": (
        *("个体工商户", "农民专业合作社", "市场主体", "经营主体", "生产经营单位", "社会团体", "社会组织", "法人单位"),
        *("申请单位", "申报单位", "用人单位", "受检单位", "被检查单位", "项目单位", "参保单位", "缴存单位", "主办单位"),
        *("企业", "单位", "公司", "机构", "组织", "法人", "商户", "商家", "店铺", "门店", "个体户", "合作社", "团体"),
        *(
            "分支/代表机构",
            "代表机构",
            "分支机构",
            "分公司",
            "办事处",
            "场所",
            "主体",
            "工厂",
            "厂",
            "医院",
            "学校",
            "民办非企业单位",
            "基金会",
            "经营者",
            "申请人",
            "纳税人",
            "扣缴义务人",
        ),
    ),
    "dwelling": (
        *("不动产", "房屋", "住房", "房产", "住宅", "房子", "农房", "自建房", "出租屋", "出租房", "租赁房屋", "危房"),
        *("现住房", "房源", "用房", "公租房"),
    ),
    "event": (
        *("矛盾纠纷", "纠纷", "事件", "案件", "诉求", "工单", "事项", "信访事项", "信访", "投诉", "案事件", "事故"),
        *("案", "来访", "求助", "问题", "警情", "报事"),
    ),
    "household": ("家庭", "农户", "本户", "全家", "户", "申请家庭", "保障家庭"),
    "benefit": (
        *("待遇", "补贴", "补助", "救助", "津贴", "低保", "保障", "资助", "抚恤", "奖励", "扶助", "慰问", "资金"),
        *("保障金", "救助金", "补助金", "补贴资金", "抚恤金", "生活补贴", "护理补贴"),
    ),
}
"""Entity -> words with which a header of a form about it may begin."""

_LONGEST_FIRST = {entity: sorted(words, key=len, reverse=True) for entity, words in SUBJECTS.items()}

USUAL: Mapping[str, tuple[str, ...]] = {
    "organisation": ("企业", "单位", "组织", "机构"),
    "dwelling": ("房屋", "住房"),
    "event": ("事件", "纠纷", "诉求"),
    "household": ("家庭", "户"),
    "benefit": ("待遇", "补贴", "补助", "救助"),
}
"""Entity -> the words that names of the registry begin with."""

NAMED = ("dwelling", "household")
"""Entities that are called by their names in forms about anything."""


_PLACE = re.compile(
    r"^(?!.*(?:开户|账户|项目|工程|产品|加盟|主管|上级|保险))[^/]{1,8}(?:社|所|店|院|厂|场|站|中心|委员会|馆|园|企业|业户|载体|协会|学会)"
    r"(?P<rest>名称|全称|地址|详细地址|住所|办公地址|电话|联系电话|负责人|邮编|邮政编码|性质|类型|类别|成立时间|简介)$"
)
"""What a form about organisations calls its own kind by: 旅行社名称, 业主委员会办公地址."""

_OTHERS = (
    "主管|上级|隶属|所属|产权|评价|评估|检测|检验|检定|鉴定|认证|发证|颁证|监理|施工|设计|勘察|委托|代理|担保|受理|审批|登记|"
    "制造|试验|维保|安装|承建|承包|供货|合作|培训|原|曾"
)
"""Words for what an organisation does for another one, which the form is about."""

_KIND = re.compile(
    rf"^(?!.*(?:{_OTHERS}|开户|账户|保险))[^/]{{2,6}}(?:单位|企业|公司|机构)"
    r"(?P<rest>名称|全称|详细名称|地址|详细地址|住所|办公地址|电话|联系电话|邮编|邮政编码)$"
)
"""The same with a word that tells what the organisation does: 使用单位地址, 开发企业名称; not 安全评价机构名称."""


_OF_SUBJECT = (
    r"(?P<rest>名称|全称|地址|详细地址|所在地|规模|网址|类型|类别|性质|电话|联系电话|邮编|邮政编码|简介|状态|运行状态)"
)
_TITLED = re.compile(rf"(?P<subject>[^/]{{2,6}}?){_OF_SUBJECT}$")
_NO_FIRM = re.compile(
    r"项目|产品|工程|物品|课程|事件|案件|纠纷|房|小区|楼|家庭|户主|药|证|许可|人$|者$|员$|老人|儿童|学生|对象|信息"
)


def titled_subject(words: str, title: str) -> str:
    """What a form about organisations calls its own kind by, as its title says: 污染源 of 污染源名称; else nothing."""
    own = _TITLED.match(words)
    if own is None or own["subject"] not in title or _NO_FIRM.search(own["subject"]):
        return ""
    # 培训规模 in a form of 培训单位 is that of what the organisation does.
    if re.search(re.escape(own["subject"]) + "(?:单位|机构|企业|公司|组织|服务)", title):
        return ""
    return own["subject"]


def otherwise(words: str, entity: str, title: str = "") -> list[str]:
    """The same header with the usual words for its subject.

    Args:
        words: key of the header.
        entity: what most of the form is about.
        title: of the form, as a key.
    """
    if words in ("学校性质", "医院性质"):
        return []  # public or private: another thing than the type of registration
    if entity == "organisation" and (subject := titled_subject(words, title)):
        return [usual + words[len(subject) :] for usual in USUAL[entity]]
    for subject in _LONGEST_FIRST.get(entity, ()):
        rest = words[len(subject) :]
        if words.startswith(subject) and len(rest) > 1:
            return [usual + rest for usual in USUAL[entity] if usual != subject]
    if entity == "organisation" and (own := _PLACE.match(words) or _KIND.match(words)):
        return [usual + own["rest"] for usual in USUAL[entity]]
    return []
