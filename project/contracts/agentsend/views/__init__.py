"""The resources of AgentSend, one module each."""
