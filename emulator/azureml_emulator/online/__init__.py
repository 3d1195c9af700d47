"""Real-time endpoints: deployments served by Microsoft's inference server, behind one router."""
