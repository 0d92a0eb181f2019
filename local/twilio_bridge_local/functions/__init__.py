"""What Lambda and API Gateway do: gateway, processes, pollers, schedules."""
