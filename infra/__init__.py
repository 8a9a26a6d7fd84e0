"""What Topeka runs on: the CloudFormation resources, the packaging, and the local stack. Never deployed as code."""
