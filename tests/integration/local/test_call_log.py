"""What the embedded AWS remembers of who asked it for what."""

from tests.integration.local.project import Project
from twilio_bridge_local.aws.call_log import AwsCall, calls_of

CODE = """
    import boto3, os
    def lambda_handler(event, context):
        kinesis, s3, sqs = (boto3.client(name) for name in ("kinesis", "s3", "sqs"))
        record = {"Data": b"x", "PartitionKey": "x"}
        kinesis.put_record(StreamName=os.environ["STREAM"], **record)
        kinesis.put_records(StreamARN=os.environ["STREAM_ARN"], Records=[record])
        s3.put_object(Bucket=os.environ["BUCKET"], Key="a/b.json", Body=b"{}")
        s3.get_object(Bucket=os.environ["BUCKET"], Key="a/b.json")["Body"].read()
        s3.list_objects_v2(Bucket=os.environ["BUCKET"])
        own = {"MessageBody": "x", "MessageGroupId": "x", "MessageDeduplicationId": "x"}
        sqs.send_message_batch(QueueUrl=os.environ["QUEUE"], Entries=[{"Id": "1", **own}])
        message = sqs.receive_message(QueueUrl=os.environ["QUEUE"])["Messages"][0]["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=os.environ["QUEUE"], ReceiptHandle=message, VisibilityTimeout=0)
"""
VARIABLES = {
    "STREAM": {"Ref": "Events"},
    "STREAM_ARN": {"Fn::GetAtt": ["Events", "Arn"]},
    "BUCKET": {"Ref": "Kept"},
    "QUEUE": {"Ref": "Work"},
}


def test_calls_are_known_by_action_and_resource(project: Project) -> None:
    """IAM's own names for streams, buckets and queues, so that they can be held against policies."""
    project.resources["Events"] = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
    project.resources["Kept"] = {"Type": "AWS::S3::Bucket"}
    project.resources["Work"] = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}
    project.function("It", CODE, Environment={"Variables": VARIABLES})
    with project.stack() as stack:
        outcome = stack.invoke("It", {})
        assert outcome.ok, outcome.payload
        calls = {(call.action, call.resource) for call in stack.embedded_aws.calls if call.caller == "It"}
    assert calls == {
        ("kinesis:PutRecord", "Events"),
        ("kinesis:PutRecords", "Events"),
        ("s3:PutObject", "local-kept/*"),
        ("s3:GetObject", "local-kept/*"),
        ("s3:ListBucket", "local-kept"),
        ("sqs:SendMessage", "Work.fifo"),
        ("sqs:ReceiveMessage", "Work.fifo"),
        ("sqs:ChangeMessageVisibility", "Work.fifo"),
    }


def test_what_is_no_call_of_aws_is_passed_over() -> None:
    """A path of moto's own is nobody's call; the list of all buckets has no resource."""
    assert calls_of("GET", "/moto-api/data.json", {}, b"") == set()
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=It/20260302/us-east-1/s3/aws4_request, Signature=x"}
    assert calls_of("GET", "/", signed, b"") == {AwsCall("It", "s3:ListAllMyBuckets", "*")}
