"""Pastes the commands of the guides as a reader would, and compares what they print with what the guides show.

How a guide is read:

- A fence ```bash is pasted. All of a file's are pasted into one shell, in their order, so variables and functions stay.
- A fence ```text right after it is what has to be printed. `…` in a line stands for any text, a line `…` for any lines.
  Row ids, times, hashes and tokens need not agree, only be there.
- Every command has to end with status 0; in a fence ```bash fails, at least one must not.
- What `make demo` prints stands in a fence ```text make demo; of that, only these lines have to be there, in their order.
- A fence that names a file after its language, ```toml my-rules/metrics.toml, is written at the end of that file.
- Any other fence is only shown.
- Every link within the project has to lead to a file, and to a heading where it names one.
- Pasted at an English terminal; where a file exports SHOWFLOOR_LANG, its server speaks that language, too.
- Each file has a server of its own with fresh data: the demonstration, or an empty `serve` where the file has the line
  <!-- check: serve -->. 127.0.0.1:8080 stands for its address, and $ADMIN_PASSWORD is the one that `serve` has printed.
"""

import argparse
import difflib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKED = ["README.md", "CHANGELOG.md", "rules/README.md", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md"))]
GUIDES = ["README.md", "docs/guide-hr.zh.md", "docs/guide-sales-manager.zh.md", "docs/guide-api.md", "docs/API.md",
          "docs/ERRORS.md", "docs/operations.md", "rules/README.md"]
START_SECONDS = 60
GUIDE_SECONDS = 120
MARK = "\x1e"  # stands before the lines that tell the blocks' outputs apart

# What differs from one run to the next: the shown text (escaped for a regular expression) → what may stand there.
LOOSE = [
    (r'"((?:\w+_)?id)":\d+', r'"\1":\\d+'),
    (r"\d{4}\\-\d\d\\-\d\dT\d\d:\d\d(?::\d\d(?:\\\.\d+)?)?Z", r"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?Z"),
    (r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b", r"[0-9a-f]{12,64}"),
]


class Block:
    """A fence: where it stands, what it says after the backticks, its lines."""

    def __init__(self, line, info):
        self.line, self.info, self.lines, self.expected = line, info, [], None

    @property
    def is_pasted(self):
        return self.info.split()[:1] == ["bash"]

    @property
    def file(self):
        words = self.info.split()
        return words[1] if len(words) == 2 and words[0] in ("toml", "rust", "python", "html") else None

    @property
    def may_fail(self):
        return "fails" in self.info.split()[1:]


def blocks_of(text):
    """The fences of a file, each fence of commands with the ```text that follows it."""
    blocks, block, indent = [], None, ""
    last_line_of_command = None
    for number, line in enumerate(text.split("\n"), 1):
        fence = re.match(r"^( *)```(.*)$", line)
        if block is None and fence:
            indent, block = fence.group(1), Block(number, fence.group(2).strip())
        elif block is not None and fence and fence.group(2).strip() == "":
            if block.info == "text" and blocks and last_line_of_command is not None and blocks[-1].expected is None:
                blocks[-1].expected = block
            else:
                blocks.append(block)
            last_line_of_command = number if block.info != "text" else None
            block = None
        elif block is not None:
            block.lines.append(line[len(indent):] if line.startswith(indent) else line)
        elif line.strip():
            last_line_of_command = None
    if block is not None:
        raise SystemExit(f"line {block.line}: this fence is never closed")
    return blocks


def line_agrees(shown, printed):
    """Whether a printed line is what is shown: pieces between `…` in their order, the first and last at the ends."""
    pieces = [piece for piece in shown.rstrip().split("…")]
    patterns = []
    for piece in pieces:
        pattern = re.escape(piece)
        for known, loose in LOOSE:
            pattern = re.sub(known, loose, pattern)
        patterns.append(pattern)
    printed = printed.rstrip()
    if len(patterns) == 1:
        return re.fullmatch(patterns[0], printed) is not None
    first = re.match(patterns[0], printed)
    if first is None:
        return False
    at = first.end()
    for pattern in patterns[1:-1]:
        found = re.compile(pattern).search(printed, at)
        if found is None:
            return False
        at = found.end()
    return re.compile(f"(?:{patterns[-1]})$").search(printed, at) is not None


def compare(shown, printed):
    """None, or the number of the shown line up to which everything agrees, and how many printed lines that took."""
    reach = {0}  # how many printed lines the shown ones so far can have taken
    for number, line in enumerate(shown):
        if line.strip() == "…":
            after = set(range(min(reach), len(printed) + 1))
        else:
            after = {at + 1 for at in reach if at < len(printed) and line_agrees(line, printed[at])}
        if not after:
            return number, min(reach)
        reach = after
    return None if len(printed) in reach else (len(shown), max(reach))


class Server:
    """`showfloor demo` or `serve` on a port and in a folder of its own."""

    def __init__(self, program, command, folder, environment):
        self.output = folder / "server.txt"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [program, command, "--listen", "127.0.0.1:0"], cwd=folder / "work", env=environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self.wait()
        except BaseException:
            self.end()
            raise

    def text(self):
        return self.output.read_text(encoding="utf-8")

    def wait(self):
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C" not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server did not start:\n{self.text()}")
            time.sleep(0.1)
        self.address = re.search(r"http://(127\.0\.0\.1:\d+)/v1", self.text()).group(1)
        password = re.search(r"sign in as admin with the password (\S+)", self.text())
        self.admin_password = password.group(1) if password else ""

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def script_of(blocks, address):
    """One shell script of all pasted blocks, and the line of the guide that each of its lines is."""
    lines, places = [], {}
    for number, block in enumerate(blocks):
        lines.append(f"printf '\\n{MARK}begin {number}\\n'; trap 'printf \"\\n{MARK}failed %s %s\\n\" $LINENO $?' ERR")
        if block.file:
            lines.append(f"cat >>'{block.file}' <<'END OF FENCE'")
        for offset, line in enumerate(block.lines):
            lines.append(line.replace("127.0.0.1:8080", address))
            places[len(lines)] = block.line + 1 + offset
        if block.file:
            lines.append("END OF FENCE")
        lines.append(f"trap - ERR; printf '\\n{MARK}end {number}\\n'")
    return "\n".join(lines) + "\n", places


def paste(script, folder, environment):
    """What the shell has printed, and whether it had to be ended because it took too long."""
    path = folder / "guide.sh"
    path.write_text(script, encoding="utf-8")
    shell = subprocess.Popen(["bash", str(path)], cwd=folder / "work", env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    printed, deadline, late = b"", time.monotonic() + GUIDE_SECONDS, False
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                late = True
                break
            if select.select([shell.stdout], [], [], left)[0]:
                part = os.read(shell.stdout.fileno(), 65536)
                if not part:
                    break
                printed += part
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # whatever the guide has left in the background, too
        except ProcessLookupError:
            pass
        shell.wait()
    return printed.decode("utf-8", "replace"), late


def outputs_of(printed):
    """By the block's number: the lines it printed, the failed commands' lines and statuses, whether it came to its end."""
    outputs, lines = {}, None
    for line in printed.split("\n"):
        if not line.startswith(MARK):
            if lines is not None:
                lines.append(line)
            continue
        word, *rest = line[1:].split()
        if lines and lines[-1] == "":
            lines.pop()  # the mark's own line break
        if word == "begin":
            lines, failed = [], []
            outputs[int(rest[0])] = [lines, failed, False]
        elif word == "failed":
            failed.append((int(rest[0]), int(rest[1])))
        else:
            outputs[int(rest[0])][2] = True
            lines = None
    return outputs


def check(name, program, show):
    """Pastes one guide; returns what is wrong, as lines to print, and how many commands and outputs were looked at."""
    text = (ROOT / name).read_text(encoding="utf-8")
    fences = blocks_of(text)
    blocks = [block for block in fences if block.is_pasted or block.file]
    wrong = []
    folder = Path(tempfile.mkdtemp(prefix="showfloor-docs-"))
    folder.chmod(0o755)  # as root, the private database runs under another account, which has to come in
    try:
        work = folder / "work"
        work.mkdir()
        (folder / "tmp").mkdir()
        for part in ["rules", "calendar", "tests", "docs/recipes"]:
            shutil.copytree(ROOT / part, work / part)
        environment = {word: value for word, value in os.environ.items()
                       if not word.startswith("SHOWFLOOR_") and word not in ("DATABASE_URL", "RULES_AUTO_RELEASE")}
        environment = {word: value for word, value in environment.items() if word != "LC_MESSAGES"} | {"LC_ALL": "C.UTF-8"}
        environment["SHOWFLOOR_DATA_DIR"] = str(folder / "data")
        environment["TMPDIR"] = str(folder / "tmp")
        environment["PATH"] = f"{Path(program).parent}:{environment['PATH']}"
        if "SHOWFLOOR_POSTGRES_BIN" in os.environ:
            environment["SHOWFLOOR_POSTGRES_BIN"] = os.environ["SHOWFLOOR_POSTGRES_BIN"]
        spoken = re.findall(r"^export .*\b(SHOWFLOOR_LANG)=(\w+)", text, re.MULTILINE)
        server = Server(program, "serve" if "<!-- check: serve -->" in text else "demo", folder, environment | dict(spoken))
        try:
            environment["ADMIN_PASSWORD"] = server.admin_password
            script, places = script_of(blocks, server.address)
            printed, late = paste(script, folder, environment)
            started = server.text().replace(server.address, "127.0.0.1:8080").split("\n")
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    outputs = outputs_of(printed.replace(server.address, "127.0.0.1:8080"))
    for number, block in enumerate(blocks):
        lines, failed, ended = outputs.get(number, ([], [], False))
        if show:
            print(f"--- {name}:{block.line}", *lines, sep="\n")
        if not ended:
            why = f"did not end within {GUIDE_SECONDS} s" if late else "the shell ended here"
            wrong.append([f"{name}:{block.line}: {why}: {block.lines[0]}", *lines[-5:]])
            break
        if failed and not block.may_fail:
            for line, status in failed:
                place = places.get(line, block.line)
                wrong.append([f"{name}:{place}: ended with status {status}: {block.lines[max(0, place - block.line - 1)]}", *lines[-5:]])
        if block.may_fail and not failed:
            wrong.append([f"{name}:{block.line}: nothing failed, as it should: {block.lines[0]}"])
        wrong += differences(name, block, lines)
    for block in fences:
        if block.info == "text make demo":
            shown_lines = [line for pair in block.lines for line in ("…", pair)] + ["…"]
            if (different := compare(shown_lines, started)) is not None:
                wrong.append([f"{name}:{block.line + 1 + different[0] // 2}: make demo has not printed: {shown_lines[different[0]]}"])
    shown = sum(1 for block in blocks if block.expected is not None)
    unpasted = sum(1 for block in fences if block.info.split()[:1] in (["sh"], ["shell"], ["console"]))
    return wrong, len(blocks), shown, unpasted


def differences(name, block, lines):
    """What is shown and was not printed, with its line in the guide."""
    if block.expected is None:
        return []
    different = compare(block.expected.lines, lines)
    if different is None:
        return []
    number, at = different
    shown = block.expected.lines
    command = f"{name}:{block.line}: {block.lines[0]}"
    if number < len(shown):
        return [[f"{name}:{block.expected.line + 1 + number}: not printed: {shown[number]}",
                 f"  by {command}", "  printed there:", *[f"  | {line[:2000]}" for line in nearest(shown[number], lines[at:])]]]
    return [[f"{name}:{block.expected.line + 1 + number}: more is printed than is shown, by {command}",
             *[f"  | {line[:2000]}" for line in lines[at:at + 4]]]]


def without_code(text):
    """The text with its fences and code spans blanked, line by line."""
    lines, inside = [], False
    for line in text.split("\n"):
        is_fence = re.match(r"^ *```", line) is not None
        lines.append("" if inside or is_fence else re.sub(r"`[^`]*`", "", line))
        inside ^= is_fence
    return lines


def anchors_of(path):
    """The anchors of a page: its headings as GitHub names them, and those it sets itself."""
    anchors, inside = set(), False
    for line in path.read_text(encoding="utf-8").split("\n"):
        inside ^= re.match(r"^ *```", line) is not None
        heading = re.match(r"^#+ +(.*)$", line)
        if heading and not inside:
            name = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.group(1)).strip().lower()
            base = anchor = re.sub(r"[^\w\- ]", "", name).replace(" ", "-")
            number = 0
            while anchor in anchors:
                number += 1
                anchor = f"{base}-{number}"
            anchors.add(anchor)
        anchors.update(re.findall(r'<a id="([^"]+)">', line))
    return anchors


def dead_links(name):
    """Every link of a page that leads nowhere within the project."""
    wrong = []
    for number, line in enumerate(without_code((ROOT / name).read_text(encoding="utf-8")), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            file, _, anchor = urllib.parse.unquote(target).partition("#")
            if re.match(r"^[a-z]+:", target):
                continue
            path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
            if not path.exists():
                wrong.append([f"{name}:{number}: there is no {file}"])
            elif anchor and anchor not in anchors_of(path):
                wrong.append([f"{name}:{number}: {path.relative_to(ROOT)} has no heading #{anchor}"])
    return wrong


def nearest(shown, lines):
    """The printed lines from the one on that is most like what is shown."""
    like = [difflib.SequenceMatcher(None, shown, line[:2000], autojunk=False).quick_ratio() for line in lines]
    best = max(range(len(lines)), key=like.__getitem__, default=0)
    return lines[best:best + 3] or ["(nothing more)"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="guides, from the project's folder on; all by default")
    parser.add_argument("--program", default=str(ROOT / "target/debug/showfloor"), help="the built program")
    parser.add_argument("--show", action="store_true", help="print what every command has printed")
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        raise SystemExit(f"{options.program} is not there: run cargo build first, or make docs")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is ended, too

    begun, faults = time.monotonic(), 0
    for name in options.files or GUIDES:
        wrong, blocks, shown, unpasted = check(name, os.path.abspath(options.program), options.show)
        print(f"{name}: {blocks} blocks pasted, {shown} outputs compared, {unpasted} only shown: {f'{len(wrong)} wrong' if wrong else 'good'}", flush=True)
        for lines in wrong:
            print(*lines, "", sep="\n", flush=True)
        faults += len(wrong)
    if not options.files:
        wrong = [lines for name in LINKED for lines in dead_links(name)]
        print(f"links of {len(LINKED)} pages: {f'{len(wrong)} lead nowhere' if wrong else 'good'}", *(line for lines in wrong for line in lines), sep="\n")
        faults += len(wrong)
    print(f"{faults} faults in {time.monotonic() - begun:.0f} s")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
