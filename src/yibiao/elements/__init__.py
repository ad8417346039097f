"""The registry of data elements as something to ask: find one, see who holds it, check that each is collected once."""

from yibiao.elements.holders import Holding, holdings
from yibiao.elements.near import nearest
from yibiao.elements.search import Found, search
from yibiao.elements.waivers import Waiver, read_waivers

__all__ = ["Found", "Holding", "Waiver", "holdings", "nearest", "read_waivers", "search"]
