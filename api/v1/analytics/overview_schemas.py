"""The response body of the overview."""

from datetime import date

from pydantic import Field

from api.platform.responses import ResponseModel
from api.v1.analytics.schemas import AgeAnswer, CauseAnswer

_Day = date  # fields have this name


class ScoredDayAnswer(ResponseModel):
    """The score of one evaluated day."""

    date: _Day = Field(description="The day in UTC")
    compliance_score: float = Field(description="Share of findings that passed, 0-100", examples=[87.5])


class FrameworkProgressAnswer(ResponseModel):
    """One framework from the first to the newest evaluated day."""

    framework: str = Field(description="Id of the framework", examples=["soc2"])
    name: str = Field(description="Its name", examples=["SOC 2"])
    compliance_score: float = Field(description="On the newest evaluated day, 0-100", examples=[87.5])
    change_points: float | None = Field(description="Since the first day; null with fewer than two evaluated days")
    causes: list[CauseAnswer] = Field(
        description="Of `change_points`; empty without a change, or when they are not known exactly"
    )
    assessed: int = Field(description="Findings that count on the newest day")
    requirements_met: int | None = Field(
        description="With result `compliant`; null where none was assessed", examples=[12]
    )
    requirements_assessed: int | None = Field(
        description="Those with result `compliant` or `non_compliant`", examples=[19]
    )
    requirements_met_change: int | None = Field(
        description="Since the first day; null with fewer than two evaluated days"
    )
    days: list[ScoredDayAnswer] = Field(description="Evaluated days with a score, oldest first")


class SilentAccountAnswer(ResponseModel):
    """An account that a scan was expected to look at, and did not."""

    account_id: str = Field(description="Account, subscription, project or cluster")
    account_name: str | None = Field(description="Its name, where findings name it")
    source: str = Field(description="The scanner", examples=["prowler"])
    provider: str = Field(description="The cloud provider", examples=["aws"])
    last_scan_on: date = Field(description="Day of its newest scan")
    newest_scan_on: date = Field(description="Day of the newest scan of other accounts by this scanner")


class ScannedDayAnswer(ResponseModel):
    """The newest day on which one scanner looked at accounts of one provider."""

    source: str = Field(description="The scanner", examples=["prowler"])
    provider: str = Field(description="The cloud provider", examples=["aws"])
    date: _Day = Field(description="The day in UTC")
    accounts: int = Field(description="Accounts with a scan on that day")
    checks: int = Field(description="Checks that ran, in the account with most")


class OverviewAnswer(ResponseModel):
    """The organisation up to its newest evaluated day."""

    start_date: date | None = Field(description="First day that was read; null where nothing was evaluated yet")
    end_date: date | None = Field(description="Newest evaluated day; null where nothing was evaluated yet")
    frameworks: list[FrameworkProgressAnswer] = Field(description="Those with most assessed findings first")
    ages: list[AgeAnswer] = Field(description="Failing findings by severity against the agreed days, as of now")
    silent_accounts: list[SilentAccountAnswer] = Field(description="Accounts that are no longer scanned as usual")
    scans: list[ScannedDayAnswer] = Field(description="Newest scan of each scanner and provider, newest first")
