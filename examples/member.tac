"""A member as a Twisted application: a file for C{twistd}.

::

    twistd -n -y examples/member.tac
    SWIM_JOIN=127.0.0.1:7946 SWIM_PORT=7947 twistd -n --pidfile= -y examples/member.tac

It is set by environment variables: C{SWIM_NAME}, C{SWIM_PORT} (7946), C{SWIM_JOIN} (seeds,
separated by commas), and C{SWIM_BOOTSTRAP_PORT}, which adds a bootstrap node to the process. SIGINT
and SIGTERM make the member leave its group before the process ends.
"""

from __future__ import annotations

import os

from twisted.application.service import Application, IServiceCollection, MultiService
from twisted.internet import reactor
from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from swimtx import Bootstrap, BootstrapService, Change, Config, SwimService


class Services(MultiService):
    """The services of this process. A port that is taken ends the start with one sentence."""

    def startService(self) -> None:
        """Start the services in the order in which they were added.

        @raise SystemExit: a port is taken.
        """
        try:
            super().startService()
        except CannotListenError as error:
            raise SystemExit(f"cannot start: {error}") from None


def log_change(change: Change) -> None:
    """Log each change of the member list."""
    log.info(
        "{member} {event}: {why}", member=change.member.name, event=change.event, why=change.why
    )


log = Logger("member")
application = Application("member")
services = Services()
services.setServiceParent(IServiceCollection(application))

try:
    seeds = [seed for seed in os.environ.get("SWIM_JOIN", "").split(",") if seed]
    if "SWIM_BOOTSTRAP_PORT" in os.environ:
        # The member registers there, so that the bootstrap node hands it to newcomers.
        seeds.append(f"127.0.0.1:{os.environ['SWIM_BOOTSTRAP_PORT']}")
        bootstrap = Bootstrap(reactor, port=int(os.environ["SWIM_BOOTSTRAP_PORT"]))
        BootstrapService(bootstrap).setServiceParent(services)
    member = SwimService(
        Config.lan(
            name=os.environ.get("SWIM_NAME"),
            port=int(os.environ.get("SWIM_PORT", "7946")),
        ),
        seeds,
    )
except ValueError as error:  # among them BadConfig
    raise SystemExit(f"cannot start: {error}") from None

member.node.membership.subscribe(log_change)
member.whenJoined().addCallbacks(
    lambda group: log.info(
        "{name} has joined; {living} living", name=group.name, living=group.living
    ),
    lambda failure: None,  # the service was stopped before it had joined
)
member.setServiceParent(services)
