"""`entrepot serve`: run the server."""

from pathlib import Path
from typing import Annotated

import typer

from entrepot.cli.options import Config, DatabaseUrl, DataDir, DoorHost, SandboxHost, fail, settings_from
from entrepot.cli.run.operators import invitation

LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error. [default: info]")]
TrustedProxy = Annotated[
    list[str] | None, typer.Option(help="Address or network whose X-Forwarded-* headers count.")
]
Connections = Annotated[
    str | None, typer.Option(help="Connections that a worker holds at most. [default: 10000]")
]
ConnectionsPerAddress = Annotated[
    str | None, typer.Option(help="How many of them one address may have. [default: 2000]")
]
AttemptSeconds = Annotated[
    str | None, typer.Option(help="Limit of one order's calls to payment providers. [default: 30]")
]
PingSeconds = Annotated[
    str | None, typer.Option(help="Silence after which a WebSocket is pinged; 0 never. [default: 300]")
]
IntegrationLog = Annotated[
    bool | None,
    typer.Option(
        "--integration-log/--no-integration-log", help="Keep requests for operators. [default: yes]"
    ),
]
PrivateAddresses = Annotated[
    bool | None,
    typer.Option(
        "--private-addresses/--no-private-addresses",
        help="Let what accounts name have private addresses. [default: no]",
    ),
]
Keep = Annotated[list[str] | None, typer.Option(metavar="NAME=DAYS", help="How long to keep what is over.")]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[str | None, typer.Option(help="Port; 0 for any free one. [default: 8600]")] = None,
    workers: Annotated[str | None, typer.Option(help="Worker processes. [default: 1]")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    door_host: DoorHost = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate in PEM format.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key.")] = None,
    sandbox: Annotated[
        bool | None, typer.Option("--sandbox", help="One process, loopback, faults and clock.")
    ] = None,
    sandbox_host: SandboxHost = None,
    log_format: Annotated[str | None, typer.Option(help="text or json. [default: text]")] = None,
    log_level: LogLevel = None,
    trusted_proxy: TrustedProxy = None,
    private_addresses: PrivateAddresses = None,
    connections: Connections = None,
    connections_per_address: ConnectionsPerAddress = None,
    attempt_seconds: AttemptSeconds = None,
    ping_seconds: PingSeconds = None,
    keep: Keep = None,
    integration_log: IntegrationLog = None,
    config: Config = None,
) -> None:
    """Run the server until Ctrl-C, which lets it finish what it has accepted."""
    settings = settings_from(
        config,
        host=host,
        port=port,
        workers=workers,
        data_dir=data_dir,
        database_url=database_url,
        door_hosts=door_host,
        tls_cert=tls_cert,
        tls_key=tls_key,
        sandbox=sandbox,
        sandbox_hosts=sandbox_host,
        log_format=log_format,
        log_level=log_level,
        trusted_proxies=trusted_proxy,
        private_addresses=private_addresses,
        connections=connections,
        connections_per_address=connections_per_address,
        attempt_seconds=attempt_seconds,
        ping_seconds=ping_seconds,
        keep=keep,
        integration_log=integration_log,
    )
    from entrepot.serving import ServeError
    from entrepot.serving import serve as run

    try:
        run(settings, invitation)
    except ServeError as error:
        fail(str(error))
