"""The same calls as they are usually written with Django REST framework, over the same tables of the same database.

A model per table, serializers for bodies and answers, limit and offset pagination, a key looked up by its digest. An
order is validated field by field and inserted by one statement, which is its own durable transaction.
"""

import hashlib
import os
import secrets
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings


def _database(told: str) -> dict[str, Any]:
    """Django's settings for a Postgres URL or an SQLite file."""
    kept = {"CONN_MAX_AGE": None}
    if "://" not in told:
        return kept | {"ENGINE": "django.db.backends.sqlite3", "NAME": told}
    url = urlsplit(told)
    place = {"HOST": url.hostname, "PORT": url.port, "USER": url.username, "NAME": url.path.strip("/")}
    return kept | {"ENGINE": "django.db.backends.postgresql"} | place


settings.configure(
    DEBUG=False,
    SECRET_KEY="benchmark",  # noqa: S106 - signs nothing
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={"default": _database(os.environ["BENCHMARK_DATABASE"])},
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django wants its settings first
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework import generics, pagination, serializers  # noqa: E402
from rest_framework.exceptions import NotAuthenticated  # noqa: E402
from rest_framework.request import Request  # noqa: E402

FORMATS = ("pdf", "excel", "csv", "json", "html", "oscal")
FRAMEWORKS = ("soc2", "hipaa", "iso27001", "nist_csf", "nist_800_53", "pci_dss", "cis_aws", "cis_azure", "cis_gcp")
PROVIDERS = (
    "alibabacloud", "aws", "azure", "cloudflare", "gcp", "github", "googleworkspace", "iac", "image", "kubernetes",
    "llm", "m365", "mongodbatlas", "nhn", "openstack", "oraclecloud",
)  # fmt: skip
TYPES = ("compliance", "audit", "risk", "trend", "remediation")


class ApiKey(models.Model):
    id = models.CharField(primary_key=True, max_length=32)
    organization = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        app_label, db_table, managed = "benchmark", "api_keys", False


class Report(models.Model):
    id = models.CharField(primary_key=True, max_length=32)
    organization = models.CharField(max_length=64)
    name = models.TextField()
    type = models.CharField(max_length=32)
    framework = models.CharField(max_length=64, null=True)
    description = models.TextField()
    search_text = models.TextField()
    status = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=32, null=True)
    due_at = models.DateTimeField()
    progress_pct = models.IntegerField(default=0)
    is_restricted = models.BooleanField(default=False)
    completed_at = models.DateTimeField(null=True)
    order = models.JSONField()
    summary = models.JSONField(null=True)
    content = models.JSONField(null=True)
    size_bytes = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        app_label, db_table, managed = "benchmark", "reports", False


class Artifact(models.Model):
    key = models.TextField(primary_key=True)
    report = models.ForeignKey(Report, related_name="artifacts", on_delete=models.DO_NOTHING)
    format = models.CharField(max_length=16)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        app_label, db_table, managed = "benchmark", "report_artifacts", False


class ItemSerializer(serializers.ModelSerializer):
    generated_at = serializers.DateTimeField(source="completed_at")
    size = serializers.SerializerMethodField()
    summary = serializers.SerializerMethodField()

    class Meta:
        model = Report
        fields = ("id", "name", "type", "framework", "status", "generated_at", "size", "summary", "created_at")

    def get_size(self, report: Report) -> dict[str, Any]:
        return {"pages": report.content["pages"], "file_size_mb": round(report.size_bytes / 1_000_000, 1)}

    def get_summary(self, report: Report) -> dict[str, Any]:
        told = report.summary
        return {
            "compliance_score": told["compliance_score"],
            "total_violations": told["total_violations"],
            "critical_findings": told["critical"],
        }


class ArtifactSerializer(serializers.ModelSerializer):
    class Meta:
        model = Artifact
        fields = ("format", "size_bytes", "sha256")


class DetailSerializer(ItemSerializer):
    artifacts = ArtifactSerializer(many=True)

    class Meta:
        model = Report
        fields = (*ItemSerializer.Meta.fields, "content", "order", "artifacts")


class DateRangeSerializer(serializers.Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["end"] <= attrs["start"]:
            raise serializers.ValidationError({"end": "End date must be after the start date"})
        return attrs


class ScopeSerializer(serializers.Serializer):
    environments = serializers.ListField(child=serializers.CharField(max_length=256), max_length=1000, default=list)
    cloud_providers = serializers.ListField(child=serializers.ChoiceField(PROVIDERS), max_length=1000, default=list)
    date_range = DateRangeSerializer()


class FormatOptionsSerializer(serializers.Serializer):
    formats = serializers.ListField(child=serializers.ChoiceField(FORMATS), allow_empty=False)
    include_executive_summary = serializers.BooleanField(default=True)
    include_detailed_findings = serializers.BooleanField(default=True)


class DeliverySerializer(serializers.Serializer):
    immediate = serializers.BooleanField(default=True)
    scheduled_at = serializers.DateTimeField(required=False)


class OrderSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(TYPES)
    framework = serializers.ChoiceField(FRAMEWORKS)
    description = serializers.CharField(max_length=2000, allow_blank=True, default="")
    scope = ScopeSerializer()
    format_options = FormatOptionsSerializer()
    delivery = DeliverySerializer()

    def create(self, validated_data: dict[str, Any]) -> Report:
        told, now = validated_data, timezone.now()
        return Report.objects.create(
            id=f"rpt_{secrets.token_hex(8)}",
            name=told["name"],
            type=told["type"],
            framework=told["framework"],
            description=told["description"],
            search_text=f"{told['name']}\n{told['description']}".casefold(),
            status="pending",
            created_at=now,
            due_at=told["delivery"].get("scheduled_at", now),
            order=self.initial_data,
            organization=told["organization"],
            created_by=told["created_by"],
        )

    def to_representation(self, instance: Report) -> dict[str, Any]:
        return AcceptedSerializer(instance).data


class AcceptedSerializer(serializers.ModelSerializer):
    class Meta:
        model = Report
        fields = ("id", "name", "type", "framework", "status", "created_at")


class Pages(pagination.LimitOffsetPagination):
    default_limit = 20
    max_limit = 100


class OrganizationReports(generics.GenericAPIView):
    def get_queryset(self) -> models.QuerySet:
        return Report.objects.filter(organization=_key(self.request).organization, deleted_at=None).order_by(
            "-created_at", "-id"
        )


class ReportList(OrganizationReports, generics.ListCreateAPIView):
    pagination_class = Pages

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return OrderSerializer if self.request.method == "POST" else ItemSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        key = _key(self.request)
        serializer.save(organization=key.organization, created_by=key.id)


class ReportDetail(OrganizationReports, generics.RetrieveAPIView):
    serializer_class = DetailSerializer


def _key(request: Request) -> ApiKey:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    key = ApiKey.objects.filter(digest=hashlib.sha256(token.encode()).hexdigest()).first()
    if key is None:
        raise NotAuthenticated
    return key


urlpatterns = [path("v1/reports", ReportList.as_view()), path("v1/reports/<str:pk>", ReportDetail.as_view())]
application = get_wsgi_application()
