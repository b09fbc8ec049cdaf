"""The answers as MCP tools: one plain file a tool."""
