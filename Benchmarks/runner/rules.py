# SPDX-License-Identifier: Apache-2.0
"""A hundred rules of the kinds that a server has; of the benchmark's packets only the last one matches any."""


def rule(number):
    host, port = 1 + number, 1000 + 7 * number
    return [
        f"block in quick from 198.51.100.{host} to any",
        f"block in quick proto tcp from any to any port = {port}",
        f"block in quick proto udp from any to any port {port} >< {port + 4}",
        f"pass in quick proto tcp from 203.0.113.{host} to any port = 22 flags S/SA",
        f"block in quick proto udp from 203.0.113.0/24 to any port = {port}",
        f"pass in quick proto tcp from any to 192.0.2.{100 + number} port = 443",
        f"block in quick proto udp from any port = {port} to any",
        f"block in quick from !192.0.2.0/24 to 192.0.2.{100 + number}",
        "block in quick proto icmp from any to any icmp-type redir",
        f"block in proto tcp/udp from any to any port = {port + 1}",
    ][number % 10]


RULES = [rule(number) for number in range(99)] + ["pass in all"]
