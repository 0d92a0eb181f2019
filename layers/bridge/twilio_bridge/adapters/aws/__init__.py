"""AWS: clients, DynamoDB, Kinesis, SQS and Lambda, Secrets Manager, S3, CloudWatch."""
