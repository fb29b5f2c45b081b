"""Provider names: from long forms such as ``Amazon Web Services``, and from the check ids of tools that scan code."""

import re
from functools import lru_cache
from typing import Final

_CHECK_ID: Final = re.compile(r"CKV\d*_([A-Z0-9]+)_\d+")
PROVIDERS_OF_CHECKS: Final = {
    "AWS": "aws", "AZURE": "azure", "AZUREPIPELINES": "azure", "GCP": "gcp", "K8S": "kubernetes", "DOCKER": "docker",
    "ALI": "alibabacloud", "OCI": "oraclecloud", "GIT": "github", "GHA": "github", "GITLABCI": "gitlab",
}  # fmt: skip
"""Middle part of Checkov's check ids."""

PROVIDERS_OF_FRAMEWORKS: Final = {
    "cloudformation": "aws", "serverless": "aws", "arm": "azure", "bicep": "azure", "kubernetes": "kubernetes",
    "helm": "kubernetes", "kustomize": "kubernetes", "dockerfile": "docker", "github_actions": "github",
    "github_configuration": "github", "gitlab_ci": "gitlab", "azure_pipelines": "azure",
}  # fmt: skip
"""``check_type`` of Checkov, used where the check id gives no provider."""

KNOWN_PROVIDERS: Final = frozenset(
    (
        "aws", "azure", "gcp", "kubernetes", "m365", "github", "googleworkspace", "oraclecloud", "alibabacloud",
        "mongodbatlas", "cloudflare", "openstack", "nhn", "iac", "llm",
    )
)  # fmt: skip
"""As named by Prowler and by the crosswalks."""

_LONG_NAMES: Final = {
    "amazon": "aws", "amazonwebservices": "aws", "amazonaws": "aws",
    "microsoftazure": "azure", "azurecloud": "azure",
    "google": "gcp", "googlecloud": "gcp", "googlecloudplatform": "gcp",
    "k8s": "kubernetes", "microsoft365": "m365", "office365": "m365", "o365": "m365",
    "oracle": "oraclecloud", "oci": "oraclecloud", "alibaba": "alibabacloud", "aliyun": "alibabacloud",
}  # fmt: skip
"""Keys are lower case, without spaces and punctuation."""


@lru_cache(maxsize=256)
def provider_name(name: str) -> str:
    """``aws`` for ``AWS`` and for ``Amazon Web Services``; an unknown name is only put in lower case."""
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    return _LONG_NAMES.get(folded, name.strip().lower())


def provider_of_check(check_id: str, *, framework: str = "") -> str:
    """``aws`` for ``CKV_AWS_18`` or for CloudFormation; "" where neither gives a provider."""
    found = _CHECK_ID.fullmatch(check_id)
    provider = PROVIDERS_OF_CHECKS.get(found.group(1), "") if found else ""
    return provider or PROVIDERS_OF_FRAMEWORKS.get(framework, "")
