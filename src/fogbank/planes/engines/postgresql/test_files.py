"""What a server is told in files, of values alone."""

from __future__ import annotations

from fogbank.planes.engines.postgresql.files import Node, roomy

CONTROL = """\
wal_level setting:                    replica
max_connections setting:              500
max_worker_processes setting:         8
max_prepared_xacts setting:           3
max_locks_per_xact setting:           64
"""


def test_a_standby_begins_with_as_much_room_as_its_data_was_written_with() -> None:
    node = Node("s", "16", parameters={"max_connections": "77", "max_worker_processes": "16"})
    assert roomy(node, CONTROL).parameters == {
        "max_connections": "500",
        "max_worker_processes": "16",
        "max_prepared_transactions": "3",
    }
    assert roomy(node, "") is node
