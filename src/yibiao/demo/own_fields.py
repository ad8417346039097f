"""Fields that a department keeps for itself: numbers of its registers, names of its offices, prices, dates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.demo.batch import Batch
from yibiao.demo.chance import below, draw, weighted
from yibiao.demo.families import FIRST_DAY
from yibiao.demo.names import made_up
from yibiao.demo.numbers import calendar
from yibiao.demo.truth import Truth, chosen, coded, days, decimals, integers, serial, taken

Own = Callable[[Batch, Truth], pa.Array]


def own_field(batch: Batch, truth: Truth, name: str) -> pa.Array:
    """The column of a field that no data element describes.

    A field that the demo does not know is filled with plain numbers, so that a new contract still gives a district.
    """
    maker = _OWN.get((batch.report.id, name)) or _OWN.get(("", name))
    if maker is not None:
        return maker(batch, truth)
    return integers(_below(batch, name, 1000))


def override(batch: Batch, name: str) -> Callable[[Batch, Truth], pa.Array] | None:
    """What stands in a column instead of the person's own value, where the row itself says it."""
    return _OVERRIDES.get((batch.report.id, name))


def _seed(batch: Batch) -> int:
    return batch.edition.world.seed


def _below(batch: Batch, salt: str, limit: int) -> np.ndarray:
    return below(_seed(batch), f"{batch.report.id}/{salt}", batch.key, limit)


def _number(prefix: str, width: int) -> Own:
    return lambda batch, truth: serial(batch.key, width, prefix)


def _monthly(prefix: str, width: int) -> Own:
    """A number that begins anew every month."""
    return lambda batch, truth: serial(batch.key, width, prefix + batch.edition.name.replace("-", ""))


def _pick(*words: str, weights: tuple[float, ...] | None = None) -> Own:
    def column(batch: Batch, truth: Truth) -> pa.Array:
        shares = list(weights or (1.0,) * len(words))
        return chosen(list(words), weighted(_seed(batch), f"{batch.report.id}/{words[0]}", batch.key, shares))

    return column


def _community(batch: Batch) -> np.ndarray:
    """Community of the row's person, else of its dwelling."""
    if "resident" in batch.entities and batch.entities["resident"].min(initial=0) >= 0:
        return batch.edition.community[batch.person].astype(np.int64)
    if "dwelling" in batch.entities:
        return batch.edition.world.places.community[np.maximum(batch.entities["dwelling"], 0)].astype(np.int64)
    return np.zeros(batch.rows, dtype=np.int64)


def _by_community(ending: str, *, township: bool = False) -> Own:
    def column(batch: Batch, truth: Truth) -> pa.Array:
        listed = truth.world.places.communities
        table = [f"{entry.township if township else entry.name}{ending}" for entry in listed]
        if "household" in batch.entities and "resident" not in batch.entities:
            code = truth.column("household", "community_code").indices
            return chosen(table, code.to_numpy()[batch.entities["household"]].astype(np.int64))
        return chosen(table, _community(batch))

    return column


def _staff(purpose: str, per_community: int) -> Own:
    def column(batch: Batch, truth: Truth) -> pa.Array:
        table = made_up(truth.world.seed, purpose, len(truth.world.places.communities) * per_community)
        return chosen(table, _community(batch) * per_community + _below(batch, purpose, per_community))

    return column


def _day_before(salt: str, mean: float, *, after_birth: bool = True) -> Own:
    """A fixed day in the past, after birth and not after the edition."""

    def column(batch: Batch, truth: Truth) -> pa.Array:
        luck = draw(_seed(batch), f"{batch.report.id}/{salt}", batch.key)
        day = FIRST_DAY - 1 + (np.log(np.maximum(1 - luck, 1e-9)) * mean).astype(np.int64)
        if after_birth:
            birth = truth.world.residents.birth[batch.person].astype(np.int64)
            day = np.maximum(day, np.minimum(birth + 20, batch.edition.last_day))
        return days(day)

    return column


def _after(salt: str, least: int, spread: int) -> Own:
    """A day some time after the row's own day."""
    return lambda batch, truth: days(batch.as_of + least + _below(batch, salt, spread))


def _age_bands(batch: Batch, truth: Truth) -> pa.Array:
    age = batch.edition.age[batch.person]
    return chosen(["80-89岁", "90-99岁", "100岁以上"], np.clip((age - 80) // 10, 0, 2))


def _insured_numbers(batch: Batch, truth: Truth) -> pa.Array:
    return serial(batch.person, 11, "99")


def _grades(batch: Batch, truth: Truth) -> pa.Array:
    table = [f"小学{n}年级" for n in "一二三四五六"] + [f"{stage}{n}" for stage in ("初", "高", "职") for n in "一二三"]
    year, _, _ = calendar(truth.world.residents.birth[batch.person])
    stage = truth.world.traits.stage[batch.person].astype(np.int64)
    age = np.clip(2025 - year, 6, 18)
    place = np.select(
        [stage == 0, stage == 1],
        [np.clip(age - 6, 0, 5), 6 + np.clip(age - 12, 0, 2)],
        9 + 3 * (stage == 3) + np.clip(age - 15, 0, 2),
    )
    return chosen(table, place)


def _enrolled(batch: Batch, truth: Truth) -> pa.Array:
    year, month, _ = calendar(truth.world.residents.birth[batch.person])
    stage = truth.world.traits.stage[batch.person]
    begins = year + np.select([stage == 0, stage == 1], [6, 12], 15) + (month > 8)
    return pc.binary_join_element_wise(integers(np.minimum(begins, 2025)), "09", "")


def _remarks(words: dict[str, float]) -> Own:
    def column(batch: Batch, truth: Truth) -> pa.Array:
        table = list(words)
        place = weighted(
            _seed(batch), f"{batch.report.id}/remark", batch.key, [*words.values(), 1 - sum(words.values())]
        )
        return chosen(table, np.where(place < len(table), place, -1))

    return column


def _amounts(mean: float, share: float) -> Own:
    """Costs of a visit, log-normal; `share` of them is asked for (1: all)."""

    def column(batch: Batch, truth: Truth) -> pa.Array:
        luck = np.clip(draw(_seed(batch), f"{batch.report.id}/{batch.edition.name}/cost", batch.key), 1e-6, 1 - 1e-6)
        cost = mean * np.exp(0.9 * np.log(luck / (1 - luck)) * 0.6)
        rate = 0.5 + 0.35 * draw(_seed(batch), f"{batch.report.id}/share", batch.key) if share < 1 else 1.0
        return decimals(cost * rate)

    return column


def _farmland(what: str) -> Own:
    def column(batch: Batch, truth: Truth) -> pa.Array:
        if what == "rate":
            return decimals(np.full(batch.rows, 88.5))
        return decimals(truth.world.benefits.area[batch.entities["benefit"]])

    return column


def _building_years(batch: Batch, truth: Truth) -> pa.Array:
    places = truth.world.places
    rows = batch.entities["dwelling"]
    block = places.community[rows].astype(np.int64) * 10_000 + places.building[rows]
    return integers(1982 + below(truth.world.seed, "built", block, 42))


def _water_users(batch: Batch, truth: Truth) -> pa.Array:
    return integers(_occupants(batch))


def _occupants(batch: Batch) -> np.ndarray:
    edition = batch.edition
    count = np.zeros(edition.world.places.dwellings, dtype=np.int64)
    inside = np.flatnonzero((edition.home < len(count)) & (edition.members > 0))
    count[edition.home[inside]] = edition.members[inside]
    return count[batch.entities["dwelling"]]


def _water_volumes(batch: Batch, truth: Truth) -> pa.Array:
    luck = draw(_seed(batch), f"{batch.report.id}/{batch.edition.name}/volume", batch.key)
    return decimals(np.round(_occupants(batch) * (1.8 + 3.2 * luck), 1), 1)


def _grid_codes(batch: Batch, truth: Truth) -> pa.Array:
    code = taken(truth.world.places.community_codes(), _community(batch))
    return pc.binary_join_element_wise(code, coded(1 + _below(batch, "grid", 6), 3).cast(pa.string()), "")


def _scopes(batch: Batch, truth: Truth) -> pa.Array:
    words = (
        "日用百货、五金交电、建材销售",
        "餐饮服务;食品经营(仅销售预包装食品)",
        "技术开发、技术咨询、技术服务",
        "建筑工程施工;室内外装饰",
        "货物运输、仓储服务(不含危险化学品)",
        "农产品种植、初加工及销售",
    )
    return _pick(*words)(batch, truth)


def _vaccines(batch: Batch, truth: Truth) -> pa.Array:
    child = batch.edition.age[batch.person] < 7
    young = _pick("乙肝疫苗", "百白破疫苗", "麻腮风疫苗", "流脑A群疫苗", "乙脑减毒活疫苗")(batch, truth)
    grown = _pick("流感疫苗", "新冠疫苗", "23价肺炎疫苗", "带状疱疹疫苗", weights=(5, 8, 2, 1))(batch, truth)
    return pc.if_else(pa.array(child), young.cast(pa.string()), grown.cast(pa.string()))


def _pension_schemes(batch: Batch, truth: Truth) -> pa.Array:
    staff = np.isin(truth.world.traits.employment[batch.person], (1, 4))
    return chosen(["企业职工基本养老保险", "城乡居民基本养老保险"], np.where(staff, 0, 1))


def _hire_dates(batch: Batch, truth: Truth) -> pa.Array:
    known = truth.edition.employer[batch.person] >= 0
    since = np.minimum(truth.world.traits.employed_since[batch.person], batch.edition.last_day - 1)
    return days(since, known=known)


def _kin(batch: Batch, truth: Truth) -> pa.Array:
    return coded(batch.own["relative_kin"], 2)


def _parties(batch: Batch, truth: Truth) -> pa.Array:
    return chosen(["男方", "女方"], truth.world.families.sex[batch.person].astype(np.int64) - 1)


_OVERRIDES: dict[tuple[str, str], Own] = {
    ("civil_affairs.cremation", "relative__relation_to_head_code"): _kin,
    ("civil_affairs.marriage_registration", "marital_status_code"): lambda b, t: coded(b.own["kind"], 2),
}

_OFFICES = ("示范区民政局婚姻登记处", "望江街道婚姻登记点", "临河镇婚姻登记点")

_OWN: dict[tuple[str, str], Own] = {
    ("", "cremation_number"): _monthly("HH", 8),
    ("", "funeral_home_name"): _pick("示范区殡仪馆", "示范市第一殡仪馆", weights=(0.8, 0.2)),
    ("", "age_band"): _age_bands,
    ("civil_affairs.marriage_registration", "registration_number"): lambda b, t: serial(b.own["couple"], 9, "J9999"),
    ("", "party"): _parties,
    ("", "registration_office"): _pick(*_OFFICES, weights=(0.7, 0.2, 0.1)),
    ("", "certificate_end_date"): _after("expires", 3650, 1),
    ("", "grade_name"): _grades,
    ("", "enrolled_month"): _enrolled,
    ("", "occupant_count"): lambda b, t: integers(b.own["occupants"]),
    ("", "grid_worker_name"): _staff("grid", 5),
    ("", "grid_code"): _grid_codes,
    ("", "roll_number"): _number("RK", 9),
    ("", "contract_number"): _number("QY", 9),
    ("", "doctor_team_name"): _by_community("家庭医生团队"),
    ("", "service_package"): _pick("基础包", "老年人包", "慢病包", "儿童包", weights=(4, 3, 3, 1)),
    ("", "contract_end_date"): _after("contract", 365, 1),
    ("", "health_record_number"): _number("999901", 11),
    ("", "responsible_doctor_name"): _staff("doctors", 4),
    ("", "record_created_date"): _day_before("created", 2600),
    ("", "vaccination_case_number"): _number("9999", 12),
    ("", "vaccine_name"): _vaccines,
    ("", "vaccination_date"): _day_before("vaccinated", 700),
    ("", "vaccination_clinic_name"): _by_community("预防接种门诊", township=True),
    ("", "built_year"): _building_years,
    ("human_resources.employment", "registration_number"): _number("JY", 9),
    ("", "hire_date"): _hire_dates,
    ("", "personal_number"): _number("9", 10),
    ("", "pension_scheme"): _pension_schemes,
    ("", "first_insured_date"): _day_before("insured", 3800),
    ("", "issuing_bank_name"): _pick("示范农商银行", "示范城市商业银行", "示范邮政储蓄所", weights=(5, 3, 2)),
    ("", "card_state"): _pick("正常", "挂失", "未激活", weights=(0.95, 0.01, 0.04)),
    ("", "business_scope"): _scopes,
    ("", "insured_number"): _insured_numbers,
    ("", "insured_state"): _pick("正常参保", "暂停参保", weights=(0.97, 0.03)),
    ("", "premium_year"): lambda b, t: integers(np.full(b.rows, int(b.edition.name[:4]))),
    ("", "insured_date"): _day_before("joined", 2900),
    ("", "settlement_number"): _monthly("JS", 9),
    ("", "provider_name"): _pick(
        "示范区人民医院", "示范区中医院", "示范区妇幼保健院", "社区卫生服务中心", "惠民大药房"
    ),
    ("", "visit_type"): _pick("普通门诊", "住院", "门诊慢特病", "定点药店购药", weights=(0.55, 0.06, 0.14, 0.25)),
    ("", "settlement_date"): _after("settled", 0, 3),
    ("", "total_amount"): _amounts(160, 1),
    ("", "fund_amount"): _amounts(160, 0.6),
    ("", "cancellation_number"): _monthly("ZX", 7),
    ("", "death_cause"): _pick("疾病", "年老", "意外", weights=(0.8, 0.15, 0.05)),
    ("", "police_station_name"): _by_community("派出所", township=True),
    ("public_security.floating_population", "registration_number"): _number("LD", 9),
    ("", "residence_reason"): _pick("务工", "经商", "投靠亲友", "就学", weights=(6, 2, 1, 1)),
    ("", "household_start_date"): _day_before("started", 4200, after_birth=False),
    ("", "household_state"): _pick("正常", "空户", weights=(0.99, 0.01)),
    ("", "enlisted_date"): lambda b, t: days(t.world.residents.birth[b.person].astype(np.int64) + 18 * 365 + 210),
    ("", "discharged_date"): lambda b, t: days(t.world.residents.birth[b.person].astype(np.int64) + 21 * 365 + 210),
    ("", "water_use_kind"): _pick("居民生活", "非居民", weights=(0.97, 0.03)),
    ("", "water_user_count"): _water_users,
    ("", "water_volume"): _water_volumes,
    ("", "account_opened_date"): _day_before("opened", 3000, after_birth=False),
    ("", "account_state"): _pick("正常", "停用", "欠费", weights=(0.95, 0.02, 0.03)),
    ("", "farmland_area"): _farmland("area"),
    ("", "subsidy_rate"): _farmland("rate"),
    ("housing.public_rental", "remark"): _remarks({"已续签": 0.1, "合租,共两户": 0.03, '补贴"专户"发放': 0.01}),
    ("", "remark"): _remarks(
        {"家中无人,电话核实": 0.06, "房屋出租": 0.05, "老人独居,需关注": 0.02, '门牌"脱落"': 0.004}
    ),
}
