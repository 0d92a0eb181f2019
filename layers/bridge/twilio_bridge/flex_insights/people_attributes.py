"""What Flex Insights reads of people: of a task below `customers`, and of a worker at the top.

https://www.twilio.com/docs/flex/developer/insights/enhance-integration
"""

from functools import partial
from typing import Final

from twilio_bridge.flex_insights.attribute import (
    CUSTOMER_SLOTS,
    HIPAA,
    TASKROUTER_DATA,
    WORKER_SLOTS,
    Attribute,
    make_slots,
)

_customer: Final = partial(Attribute, group="customers", dataset="Customers")
_worker: Final = partial(Attribute, group="worker", dataset="Agents")

OF_CUSTOMERS: Final = (
    _customer(
        "external_id",
        "text",
        "Your id of the customer: links all their conversations",
        priority=1,
        is_kept_under_hipaa=False,
    ),
    _customer(
        "phone",
        "phone",
        "Number, in E.164: links where there is no external_id",
        default="from or to, by direction",
        priority=1,
        is_kept_under_hipaa=False,
    ),
    _customer(
        "email",
        "email",
        "Address: links where there are neither external_id nor phone",
        priority=1,
        is_kept_under_hipaa=False,
    ),
    _customer("name", "text", "Name", priority=2, is_kept_under_hipaa=False),
    _customer("customer_link", "link", "The customer's page in your CRM", priority=5),
    _customer("category", "text", "Category, such as VIP", priority=3, is_low_cardinality=True),
    _customer("customer_manager", "text", "Who looks after the customer", priority=4, is_low_cardinality=True),
    _customer("market_segment", "text", "Market segment", priority=4, is_low_cardinality=True),
    _customer("organization", "text", "Company", priority=4),
    _customer("gender", "text", "Gender", priority=7, is_low_cardinality=True),
    _customer("year_of_birth", "year", "Year of birth, as a text of four digits", priority=7, is_low_cardinality=True),
    _customer("acquisition_date", "date", "When the customer was won", priority=6),
    _customer("acquisition_cost", "number", "What it cost to win them", priority=6),
    _customer("business_value", "number", "What they are worth", priority=4),
    _customer(
        "zip", "text", "Postal code", default="from_zip or to_zip of a call", priority=7, is_kept_under_hipaa=False
    ),
    _customer(
        "geo_location",
        "point",
        "Latitude and longitude with a semicolon between them",
        priority=8,
        is_kept_under_hipaa=False,
    ),
    _customer(
        "country",
        "text",
        "Country",
        default="from_country or to_country of a call",
        link=HIPAA,
        priority=6,
        is_low_cardinality=True,
    ),
    _customer("region", "text", "Region", link=HIPAA, priority=7, is_low_cardinality=True),
    _customer(
        "state",
        "text",
        "State",
        default="from_state or to_state of a call",
        link=HIPAA,
        priority=7,
        is_low_cardinality=True,
    ),
    _customer("type", "text", "Kind of customer", link=HIPAA, priority=6, is_low_cardinality=True),
    _customer(
        "city",
        "text",
        "City",
        default="from_city or to_city of a call",
        link=TASKROUTER_DATA,
        priority=7,
        is_kept_under_hipaa=False,
    ),
    *make_slots("customers", "customer", "Customers", CUSTOMER_SLOTS),
)
OF_WORKERS: Final = (
    _worker("agent_id", "text", "Your id of the agent", priority=3),
    _worker("full_name", "text", "Name", default="the worker's friendly name", priority=2),
    _worker("email", "email", "E-mail address", priority=2),
    _worker("phone", "phone", "Number", priority=5),
    _worker("role", "text", "Role, such as Agent - Level 2", priority=4, is_low_cardinality=True),
    _worker("state", "text", "Whether they still work here, such as Active", priority=4, is_low_cardinality=True),
    _worker("location", "text", "Where they work", priority=5, is_low_cardinality=True),
    _worker("manager", "text", "Who leads them", priority=4),
    _worker("team_id", "text", "Team", default="SID of the queue", priority=2),
    _worker("team_name", "text", "Its name; shown only with team_id", default="name of the queue", priority=3),
    _worker("team_name_in_hierarchy", "hierarchy", "Its name below those above it", priority=4),
    _worker("department_id", "text", "Department", priority=3),
    _worker("department_name", "text", "Its name; shown only with department_id", priority=3),
    _worker("department_name_in_hierarchy", "hierarchy", "Its name below those above it", priority=4),
    *make_slots("worker", "agent", "Agents", WORKER_SLOTS),
)
