"""The explorer: every architecture of a space as a point, in one self-contained page that works offline."""

from surrogates.report.collect import ReportData, collect_report
from surrogates.report.columns import ReportColumn
from surrogates.report.page import report_page, write_report

__all__ = ["ReportColumn", "ReportData", "collect_report", "report_page", "write_report"]
