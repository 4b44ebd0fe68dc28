"""Where the stores of secrets beyond this machine are; what opens them is never a setting.

The one rule: what Vault's and AWS's own variables say stands above these settings, as every
variable does.
"""

from collections.abc import Mapping
from typing import Annotated

from config import kinds
from config.composed import Block
from config.kept import Store
from config.kinds import words
from config.redaction import Redaction
from config.secrets_aws import AwsAccess, AwsSecrets
from config.secrets_environment import EnvironmentSecrets
from config.secrets_file import credential_named
from config.secrets_vault import VaultAccess, VaultSecrets
from domain.ports import Clock
from venues.keys import Secret

URL = words("the URL of a Vault", r"https?://[A-Za-z0-9.\[\]:-]{1,200}/?", "https://vault:8200")
REGION = words("a region of AWS", r"[a-z]{2}(?:-[a-z]{1,12}){1,3}-[0-9]", "eu-central-1")
NAMESPACE = words("a namespace of Vault", r"[A-Za-z0-9_./-]{1,200}", "trading/")


class VaultSettings(Block):
    """HashiCorp Vault or OpenBao, for `vault:` references. Tokens are given by environment."""

    address: Annotated[str | None, kinds.off_or(URL)] = None
    namespace: Annotated[str | None, kinds.off_or(NAMESPACE)] = None
    ca_file: Annotated[str | None, kinds.off_or(kinds.FILE)] = None


class AwsSettings(Block):
    """AWS Secrets Manager, for `aws:` references."""

    region: Annotated[str | None, kinds.off_or(REGION)] = None


def stores_beyond(
    vault: VaultSettings,
    aws: AwsSettings,
    environ: Mapping[str, str],
    environment: EnvironmentSecrets,
    redaction: Redaction,
    clock: Clock,
) -> dict[str, Store]:
    """Both stores under their schemes; nothing is loaded or asked before one is used.

    The token and the secret id may be systemd credentials (`vault-token`, `vault-secret-id`).
    """

    def opener(name: str, credential: str) -> Secret:
        told = environment.opener(name) or credential_named(environ, credential)
        redaction.learn(told)
        return Secret(told)

    access = VaultAccess(
        address=environ.get("VAULT_ADDR") or vault.address or "",
        token=opener("VAULT_TOKEN", "vault-token"),
        role_id=environment.opener("VAULT_ROLE_ID"),
        secret_id=opener("VAULT_SECRET_ID", "vault-secret-id"),
        ca_file=environ.get("VAULT_CACERT") or vault.ca_file or "",
        namespace=environ.get("VAULT_NAMESPACE") or vault.namespace or "",
    )
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or aws.region or ""
    account = AwsAccess(
        region=region,
        key_id=environment.opener("AWS_ACCESS_KEY_ID"),
        secret_key=Secret(environment.opener("AWS_SECRET_ACCESS_KEY")),
        session_token=Secret(environment.opener("AWS_SESSION_TOKEN")),
    )
    return {
        "vault": VaultSecrets(access, redaction, clock.monotonic_us),
        "aws": AwsSecrets(account, redaction),
    }
