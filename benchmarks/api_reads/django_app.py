"""The same two reads as they are usually written with Django REST framework, over the same tables of the same file.

A model per table, serializers for the answer's shape, limit and offset pagination, and a key looked up by its digest.
"""

import hashlib
import os
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
from rest_framework import generics, pagination, serializers  # noqa: E402
from rest_framework.exceptions import NotAuthenticated  # noqa: E402
from rest_framework.request import Request  # noqa: E402


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
    status = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    order = models.JSONField()
    summary = models.JSONField(null=True)
    content = models.JSONField(null=True)
    size_bytes = models.BigIntegerField()
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


class Pages(pagination.LimitOffsetPagination):
    default_limit = 20
    max_limit = 100


class OrganizationReports(generics.GenericAPIView):
    def get_queryset(self) -> models.QuerySet:
        return Report.objects.filter(organization=_organization(self.request), deleted_at=None).order_by(
            "-created_at", "-id"
        )


class ReportList(OrganizationReports, generics.ListAPIView):
    serializer_class = ItemSerializer
    pagination_class = Pages


class ReportDetail(OrganizationReports, generics.RetrieveAPIView):
    serializer_class = DetailSerializer


def _organization(request: Request) -> str:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    key = ApiKey.objects.filter(digest=hashlib.sha256(token.encode()).hexdigest()).first()
    if key is None:
        raise NotAuthenticated
    return str(key.organization)


urlpatterns = [path("v1/reports", ReportList.as_view()), path("v1/reports/<str:pk>", ReportDetail.as_view())]
application = get_wsgi_application()
