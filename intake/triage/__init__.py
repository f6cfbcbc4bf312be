"""What is asked for and how urgent it seems: pure suggestions, each with its reason."""

from intake.triage.added import AddedServices, AddedSuggestion, Agreement
from intake.triage.added_file import check_added, load_added
from intake.triage.assess import Assessment, Triage
from intake.triage.configuration import check_triage, load_triage
from intake.triage.language import guess_language
from intake.triage.priority import Facts, PriorityVerdict, prioritise
from intake.triage.service import ServiceSuggestion, suggest_service
from intake.triage.signs import is_old, is_silent_55

__all__ = [
    "AddedServices",
    "AddedSuggestion",
    "Agreement",
    "Assessment",
    "Facts",
    "PriorityVerdict",
    "ServiceSuggestion",
    "Triage",
    "check_added",
    "check_triage",
    "guess_language",
    "is_old",
    "is_silent_55",
    "load_added",
    "load_triage",
    "prioritise",
    "suggest_service",
]
