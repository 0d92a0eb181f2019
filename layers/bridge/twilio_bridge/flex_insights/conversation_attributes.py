"""What Flex Insights reads of a task below `conversations`.

Names and samples: https://www.twilio.com/docs/flex/developer/insights/enhance-integration. Further ones that Insights
accepts stand in the list that it keeps of accounts under HIPAA:
https://www.twilio.com/docs/flex/developer/insights/hipaa-flex-insights-historical-reporting.
"""

from functools import partial
from typing import Final

from twilio_bridge.flex_insights.attribute import (
    ABANDONED,
    CONVERSATION_SLOTS,
    HANG_UP_BY,
    HIPAA,
    TASKROUTER_DATA,
    YES_NO,
    Attribute,
    make_slots,
)

_conversation: Final = partial(Attribute, group="conversations", dataset="Conversations")

OF_CONVERSATIONS: Final = (
    _conversation(
        "segment_link", "link", "The recording: public, or with its authorisation in path or query", priority=1
    ),
    _conversation(
        "media",
        "media",
        "Recordings, each with url, type, start_time in ms and channels; or a chat's conversation_sid",
        link=HIPAA,
        priority=1,
    ),
    _conversation(
        "conversation_id",
        "text",
        "SID of the first task: the same for all tasks of one conversation",
        priority=1,
        default="the task's own",
    ),
    _conversation(
        "abandoned",
        "choice",
        "Whether nobody reached the customer; Follow-Up: voicemail left or callback asked for",
        default="whether an agent accepted",
        link=ABANDONED,
        choices=("Yes", "No", "Follow-Up"),
        is_closed=True,
        priority=2,
    ),
    _conversation(
        "abandoned_phase",
        "choice",
        "Where the customer gave up",
        default="Queue, where abandoned",
        link=ABANDONED,
        choices=("Queue", "Short Queue", "Ringing", "Voicemail", "Callback Request"),
        priority=3,
    ),
    _conversation(
        "outcome",
        "text",
        "How it ended",
        default="the reason the task was completed or canceled with",
        link=TASKROUTER_DATA,
        priority=2,
        is_low_cardinality=True,
    ),
    _conversation(
        "hang_up_by",
        "choice",
        "Who ended the call; set it to Customer when the task is created",
        link=HANG_UP_BY,
        choices=(
            "Customer",
            "Agent",
            "Consult",
            "Cold Transfer",
            "Warm Transfer",
            "External Cold Transfer",
            "External Warm Transfer",
        ),
        priority=3,
    ),
    _conversation(
        "direction",
        "choice",
        "Who contacts whom",
        default="the task's direction, else Inbound",
        link=TASKROUTER_DATA,
        choices=("Inbound", "Outbound", "Internal"),
        priority=3,
    ),
    _conversation(
        "channel",
        "text",
        "Call, Chat or another channel",
        default="the task channel: Call for voice, Chat for chat",
        link=TASKROUTER_DATA,
        priority=3,
        is_low_cardinality=True,
    ),
    _conversation(
        "virtual",
        "choice",
        "Yes: no contact with a customer, such as a survey",
        choices=YES_NO,
        is_closed=True,
        priority=2,
    ),
    _conversation(
        "kind",
        "text",
        "What kind of segment it is; setting it may break playback",
        link=HIPAA,
        priority=3,
        is_low_cardinality=True,
    ),
    _conversation("handling_team_id", "text", "Team that handled it", default="SID of the queue", priority=3),
    _conversation(
        "handling_team_name",
        "text",
        "Its name; shown only with handling_team_id",
        default="name of the queue",
        priority=4,
    ),
    _conversation("handling_team_name_in_hierarchy", "hierarchy", "Its name below those above it", priority=5),
    _conversation("handling_department_id", "text", "Department that handled it", priority=4),
    _conversation("handling_department_name", "text", "Its name; shown only with handling_department_id", priority=4),
    _conversation("handling_department_name_in_hierarchy", "hierarchy", "Its name below those above it", priority=5),
    _conversation(
        "queue", "text", "Queue", default="name of the queue", link=TASKROUTER_DATA, priority=4, is_low_cardinality=True
    ),
    _conversation(
        "workflow",
        "text",
        "Workflow",
        default="name of the workflow",
        link=TASKROUTER_DATA,
        priority=5,
        is_low_cardinality=True,
    ),
    _conversation(
        "activity",
        "text",
        "Activity of the agent",
        default="the worker's activity",
        dataset="Activities",
        link=TASKROUTER_DATA,
        is_low_cardinality=True,
    ),
    _conversation("productive", "choice", "Whether the activity counts as productive", choices=YES_NO, is_closed=True),
    _conversation(
        "in_business_hours", "choice", "Whether it came in business hours", choices=YES_NO, is_closed=True, priority=4
    ),
    _conversation(
        "service_level", "text", "Whether it was answered in time, such as OK", priority=4, is_low_cardinality=True
    ),
    _conversation("campaign", "text", "Campaign it belongs to", is_low_cardinality=True),
    _conversation("initiative", "text", "Initiative above campaigns", is_low_cardinality=True),
    _conversation("case", "text", "Case it is about", priority=6),
    _conversation("content", "text", "What it was about, in short", priority=6, is_low_cardinality=True),
    _conversation("source", "text", "Where it came from", is_low_cardinality=True),
    _conversation("destination", "text", "Where it went to, such as a queue", priority=6),
    _conversation(
        "external_contact",
        "text",
        "The company's number or address; nothing of a person under HIPAA",
        default="to or from, by direction",
        priority=4,
    ),
    _conversation("initiated_by", "text", "Who began, such as Customer", is_low_cardinality=True),
    _conversation("language", "text", "Language spoken", priority=4, is_low_cardinality=True),
    _conversation("ivr_path", "hierarchy", "Choices made in the IVR", priority=6),
    _conversation("preceded_by", "text", "What came before, such as Warm Transfer", is_low_cardinality=True),
    _conversation("followed_by", "text", "What came after, such as External Transfer", is_low_cardinality=True),
    _conversation("activity_time", "number", "Seconds in the activity"),
    _conversation("order", "integer", "Number of the segment in its conversation, from 1"),
    *(
        _conversation(name, "seconds", meaning)
        for name, meaning in (
            ("average_response_time", "Mean time to an answer in a chat"),
            ("first_response_time", "Time to the first answer in a chat"),
            ("focus_time", "Time the agent had the chat in front"),
            ("hold_time", "Time on hold"),
            ("ivr_time", "Time in the IVR"),
        )
    ),
    *make_slots("conversations", "conversation", "Conversations", CONVERSATION_SLOTS),
    *(
        _conversation(f"conversation_measure_{number}", "number", "Yours: a number to add up or average", priority=6)
        for number in range(1, CONVERSATION_SLOTS + 1)
    ),
    _conversation(
        "communication_channel",
        "text",
        "Channel, as segments without a task channel name it",
        link=HIPAA,
        is_low_cardinality=True,
    ),
    _conversation("segment_name", "text", "Name of the segment", link=HIPAA, priority=7),
    _conversation("date", "date", "When it was, for segments that are made by hand", link=HIPAA, priority=4),
    _conversation("priority", "number", "Priority of the task", link=HIPAA, priority=7),
    _conversation("external_id_label", "text", "What the segment's id is shown as", link=HIPAA, priority=7),
    _conversation(
        "recording_status", "text", "Whether there is a recording", link=HIPAA, priority=6, is_low_cardinality=True
    ),
    *(
        _conversation(name, "seconds", meaning, link=HIPAA, priority=7)
        for name, meaning in (
            ("segment_recording_offset", "Where in the recording the segment begins"),
            ("abandon_time", "Time until the customer gave up"),
            ("queue_time", "Time in the queue"),
            ("ring_time", "Time it rang at the agent"),
            ("talk_time", "Time customer and agent were connected"),
            ("wrap_up_time", "Time the agent needed afterwards"),
            ("agent_talk_time", "Time the agent spoke"),
            ("customer_talk_time", "Time the customer spoke"),
            ("crosstalk_time", "Time both spoke"),
            ("silence_time", "Time nobody spoke"),
            ("longest_silence_before_agent", "Longest silence that the agent ended"),
            ("longest_silence_before_customer", "Longest silence that the customer ended"),
            ("longest_talk_by_agent", "Longest turn of the agent"),
            ("longest_talk_by_customer", "Longest turn of the customer"),
        )
    ),
)
