"""A script: reads a regular expression and names as JSON, and prints what is found in each."""

import json
import re
import resource
import sys


def main() -> None:
    """The limits hold also when nobody is left who waits for it."""
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    pattern, names = json.load(sys.stdin.buffer)
    search = re.compile(pattern).search
    found = (search(name) for name in names)
    print(json.dumps([match and (match.groups() or (match[0],)) for match in found]))


if __name__ == "__main__":
    main()
