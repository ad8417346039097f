"""Which elements are a person's, and which of them a header asks of the person named before it."""

from __future__ import annotations

_PARTICULARS = frozenset(
    {
        *("citizen_id", "sex_code", "birth_date", "ethnicity_code", "mobile_phone", "political_status_code"),
        *("marital_status_code", "education_code", "residence_address", "employer_name", "identity_document_type_code"),
    }
)

PASSED_ON = _PARTICULARS | {
    *("hukou_address", "health_condition_code", "occupation_code", "landline_phone", "native_place"),
}
"""What is asked of the person named before it without naming him again."""

OWN_NUMBERS = frozenset(
    {
        *("citizen_id", "sex_code", "birth_date", "ethnicity_code", "education_code", "identity_document_type_code"),
        *("job_title", "political_status_code"),
    }
)
"""What is asked of a legal representative without naming him again: telephone and address are those of his company."""

OF_OFFICE = frozenset({"job_title"})
"""What only a legal representative has of himself and the other person that a form names."""

OF_CONTACTS = frozenset({"mobile_phone"})
"""What is asked of the contact of an organisation without naming him again."""

PERSONAL = _PARTICULARS | {"resident_name"}
"""What is a person's."""

OF_PERSONS = PERSONAL - {"residence_address", "employer_name"}
"""What is a person's in every form that is not about an organisation, even if it is about his house or a dispute."""

OF_ANYBODY = frozenset({"postal_code", "email_address", "vehicle_plate_number", "personnel_photo"})
"""Elements of residents that forms about organisations ask by the same words."""

OF_REACHED = frozenset({"residence_address", "mobile_phone", "landline_phone", "postal_code", "email_address"})
"""Where somebody is reached; below 司法鉴定机构 it is where that firm is."""
