"""GPP strings, against those of the IAB's own library (@iabgpp/cmpapi 3.2.0)."""

from __future__ import annotations

import pytest

from asgi_consent.banner.vendors import gpp_script
from asgi_consent.decision import Grants
from asgi_consent.errors import SettingsError
from asgi_consent.gpp import gpp_sections
from asgi_consent.settings import read_settings

VECTORS = [
    ("usnat", True, True, "DBABLA~CVVVAAAAAACA.YA"),
    ("usnat", True, False, "DBABLA~CVVVAAAAAACA.QA"),
    ("usnat", False, True, "DBABLA~CVVqAAAAAACA.YA"),
    ("usnat", False, False, "DBABLA~CVVqAAAAAACA.QA"),
    ("usca", True, True, "DBABBg~BVUAAACA.YA"),
    ("usca", True, False, "DBABBg~BVUAAACA.QA"),
    ("usca", False, True, "DBABBg~BVoAAACA.YA"),
    ("usca", False, False, "DBABBg~BVoAAACA.QA"),
    ("usva", True, True, "DBABRg~BVUAACA"),
    ("usva", True, False, "DBABRg~BVUAACA"),
    ("usva", False, True, "DBABRg~BVoAACA"),
    ("usva", False, False, "DBABRg~BVoAACA"),
    ("usco", True, True, "DBABJg~BVUAAIA.YA"),
    ("usut", True, True, "DBABFg~BVVAAAgA"),
    ("usct", True, True, "DBABVg~BVUAAAIA.YA"),
    ("usct", True, False, "DBABVg~BVUAAAIA.QA"),
    ("usct", False, True, "DBABVg~BVoAAAIA.YA"),
    ("usct", False, False, "DBABVg~BVoAAAIA.QA"),
    ("usfl", True, True, "DBABAw~BVUAAACA"),
    ("usmt", True, True, "DBABQw~BVUAAACA.YA"),
    ("usor", True, True, "DBABIw~BVUAAAACAA.YA"),
    ("ustx", True, True, "DBABEw~BVUAAAgA.YA"),
    ("usde", True, True, "DBABUw~BVUAAAACAA.YA"),
    ("usde", True, False, "DBABUw~BVUAAAACAA.QA"),
    ("usde", False, True, "DBABUw~BVoAAAACAA.YA"),
    ("usde", False, False, "DBABUw~BVoAAAACAA.QA"),
    ("usia", True, True, "DBABCw~BVVAAAgA.YA"),
    ("usne", True, True, "DBABSw~BVUAAAgA.YA"),
    ("usnh", True, True, "DBABKw~BVUAAACA.YA"),
    ("usnj", True, True, "DBABAYA~BVUAAAAAgA.YA"),
    ("ustn", True, True, "DBABQYA~BVUAAAgA.YA"),
    ("usmn", True, True, "DBABIYA~BVUAAAgA.YA"),
    ("usmd", True, True, "DBABEYA~BhVQ.YA"),
    ("usmd", True, False, "DBABEYA~BhVQ.QA"),
    ("usmd", False, True, "DBABEYA~BhWg.YA"),
    ("usmd", False, False, "DBABEYA~BhWg.QA"),
]


@pytest.mark.parametrize(("name", "opted_out", "gpc", "expected"), VECTORS)
def test_string_is_that_of_the_reference(
    name: str, opted_out: bool, gpc: bool, expected: str
) -> None:
    assert gpp_sections()[name].string(opted_out=opted_out, gpc=gpc) == expected


def test_every_section_has_a_vector() -> None:
    assert {name for name, *_ in VECTORS} == set(gpp_sections())


def test_nothing_is_sent_without_a_section() -> None:
    assert gpp_script(read_settings({}).policy, Grants()) == b""


def test_unknown_section_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match=r"gpp\.section"):
        read_settings({"gpp": {"section": "tcfeuv2"}})


def test_tcf_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="CMP id of your own"):
        read_settings({"tcf": {"cmp_id": 1}})
