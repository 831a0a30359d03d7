"""What the commands of this package have in common."""

from __future__ import annotations

from typing import Any

import click

from indexer.errors import ShisakuError


class Tool(click.Command):
    """A command that says an error on purpose in one line on stderr, and exits with 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ShisakuError as error:
            click.echo(f"エラー: {error}", err=True)
            ctx.exit(2)
