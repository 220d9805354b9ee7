"""What many metrics of the same windows read, computed once, and how the planner is told to go about their queries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from metrics import inputs
from metrics.inputs import Window

#: Of one sort or hash table of a query: a month of the hours of a hundred devices fits.
WORK_MEM = "128MB"

_NUMBERS = count(1)


class Shared:
    """What the metrics of one district, revision and group of windows have in common, computed once.

    Which devices are in service, heard from and in order, in temporary tables of the transaction that it is made in.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        district: str,
        windows: Sequence[Window],
        zone: ZoneInfo,
        revision: int | None = None,
    ) -> None:
        """As in `rows_of`, which is given all of these anew: they must be the same."""
        number = next(_NUMBERS)
        bound = inputs.bind(None, district, windows, zone, revision)
        self._connection = connection
        self.tables: tuple[str, ...] = ()
        with planner(connection) as cursor:
            for name in inputs.SHARED:
                table = f"shared_{name}_{number}"
                cursor.execute(
                    sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS {} SELECT * FROM {}").format(
                        sql.Identifier(table), sql.SQL(inputs.prelude(self.tables)), sql.Identifier(name)
                    ),
                    bound,
                )
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
                self.tables += (table,)

    def drop(self) -> None:
        """Makes room before the transaction ends."""
        for table in self.tables:
            self._connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))


@contextmanager
def planner(connection: psycopg.Connection) -> Iterator[psycopg.Cursor[dict[str, object]]]:
    """A cursor for queries over named queries.

    Nothing is known of their sizes: a nested loop that seems cheap can take minutes, compiling takes longer than running,
    and what does not fit into memory is sorted on disk. What the caller's transaction had is put back.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        before = cursor.execute(
            "SELECT current_setting('jit') AS jit, current_setting('enable_nestloop') AS loop,"
            " current_setting('work_mem') AS memory"
        ).fetchone()
        cursor.execute(f"SET LOCAL jit = off; SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '{WORK_MEM}'")
        yield cursor
        cursor.execute(
            "SELECT set_config('jit', %(jit)s, true), set_config('enable_nestloop', %(loop)s, true),"
            " set_config('work_mem', %(memory)s, true)",
            before,
        )
