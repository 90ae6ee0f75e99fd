import grp
import os
from pathlib import Path

import pytest

from docsorter.deliver.permissions import permissions
from docsorter.documents import Place
from docsorter.errors import SettingsError
from docsorter.settings import DeliverSettings, ServiceSettings, Settings


def test_without_a_group_the_spool_is_private_and_delivered_files_follow_their_settings() -> None:
    settings = Settings(deliver=DeliverSettings(file_mode="0644", dir_mode="0755"))
    allowed = permissions(settings)
    assert (allowed[Place.SPOOL].file_mode, allowed[Place.SPOOL].dir_mode) == (0o600, 0o700)
    assert (allowed[Place.SORTED].file_mode, allowed[Place.SORTED].dir_mode) == (0o644, 0o755)
    assert (allowed[Place.REVIEW].file_mode, allowed[Place.REVIEW].gid) == (0o640, -1)


def test_a_group_of_reviewers_owns_every_place_and_may_deliver_an_answer() -> None:
    group = grp.getgrgid(os.getegid())
    allowed = permissions(Settings(service=ServiceSettings(group=group.gr_name)))
    for place in (Place.SPOOL, Place.REVIEW, Place.REJECTED):
        assert (allowed[place].file_mode, allowed[place].dir_mode) == (0o660, 0o2770)
        assert allowed[place].gid == group.gr_gid
    assert allowed[Place.SORTED].gid == group.gr_gid
    assert allowed[Place.SORTED].dir_mode & 0o2070 == 0o2070


@pytest.mark.parametrize(
    "settings",
    [
        Settings(deliver=DeliverSettings(group="no such group")),
        Settings(service=ServiceSettings(group="no such group")),
    ],
)
def test_an_unknown_group_is_refused_with_the_remedy(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="no Unix group 'no such group'") as caught:
        permissions(settings)
    assert "groupadd" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other groups")
def test_group_and_mode_are_given_together(tmp_path: Path) -> None:
    group = next(g for g in grp.getgrall() if g.gr_gid != os.getegid())
    settings = Settings(deliver=DeliverSettings(file_mode="0640", group=group.gr_name))
    path = tmp_path / "scan.pdf"
    path.touch(0o600)
    allowed = permissions(settings)[Place.SORTED]
    assert not allowed.fit(path.stat())
    descriptor = os.open(path, os.O_RDONLY)
    try:
        allowed.apply(descriptor)
    finally:
        os.close(descriptor)
    assert allowed.fit(path.stat())
    assert (path.stat().st_gid, path.stat().st_mode & 0o7777) == (group.gr_gid, 0o640)
