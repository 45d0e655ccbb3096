"""All clients, in the order in which they run."""
import aws_cli
import command_lines
import data_tools
import file_systems
import sdk

CLIENTS = aws_cli.CLIENTS + sdk.CLIENTS + command_lines.CLIENTS + file_systems.CLIENTS + data_tools.CLIENTS
