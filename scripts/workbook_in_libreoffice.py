"""Opens exported plans in LibreOffice, calculates them anew, edits them there, and takes what LibreOffice saved in again.

Held are: every formula comes to what the file says beside it, in either language; an edit that leaves the parts alone shows in the
rows of checks; what LibreOffice has saved is taken in as it was edited, and a file that it only saved again changes nothing.

Needs LibreOffice Calc and its Python bridge (Debian: libreoffice-calc, python3-uno). Without them one line says so, and nothing is
checked. Options: workbook_in_libreoffice.py --help.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OF_SYSTEM = "/usr/bin/python3"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FIRST_MONTH, CODE, ITEM, LEVEL = 6, 0, 5, 4


def skip(why):
    print(f"Workbooks: not checked, {why}.")
    sys.exit(0)


def bridge():
    """LibreOffice's Python bridge, which belongs to the system's Python."""
    try:
        import uno
    except ImportError:
        if os.path.exists(OF_SYSTEM) and os.path.realpath(sys.executable) != os.path.realpath(OF_SYSTEM) \
                and subprocess.run([OF_SYSTEM, "-c", "import uno"], capture_output=True).returncode == 0:
            os.execv(OF_SYSTEM, [OF_SYSTEM, *sys.argv])
        skip("LibreOffice's Python bridge is not installed (python3-uno)")
    return uno


class Office:
    """LibreOffice with a profile of its own."""

    def __init__(self, uno, folder):
        program = shutil.which("soffice") or skip("LibreOffice is not installed")
        self.uno, pipe = uno, f"showfloor{os.getpid()}"
        self.process = subprocess.Popen(
            [program, "--headless", "--norestore", "--nologo", f"-env:UserInstallation=file://{folder}/profile",
             f"--accept=pipe,name={pipe};urp;"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
        for attempt in range(240):
            try:
                context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except Exception as error:
                if attempt == 239 or self.process.poll() is not None:
                    sys.exit(f"LibreOffice did not start: {error}")
                time.sleep(0.5)
        self.desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)

    def value(self, name, value):
        named = self.uno.createUnoStruct("com.sun.star.beans.PropertyValue")
        named.Name, named.Value = name, value
        return named

    def open(self, path):
        return self.desktop.loadComponentFromURL(f"file://{path}", "_blank", 0, (self.value("Hidden", True),))

    def save(self, book, path):
        book.storeToURL(f"file://{path}", (self.value("FilterName", "Calc MS Excel 2007 XML"),))

    def end(self):
        try:
            self.desktop.terminate()
        except Exception:
            pass
        self.process.wait(timeout=60)


def place(reference):
    letters, row = re.fullmatch(r"([A-Z]+)([0-9]+)", reference).groups()
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column - 1, int(row) - 1


def cached(path):
    """The formulas of a file and what it says beside each: by worksheet, column and row."""
    found = []
    with zipfile.ZipFile(path) as archive:
        sheets = sorted((name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)),
                        key=lambda name: int(re.search(r"\d+", name.rsplit("/", 1)[1]).group()))
        for name in sheets:
            cells = {}
            for cell in ElementTree.fromstring(archive.read(name)).iter(f"{MAIN}c"):
                if cell.find(f"{MAIN}f") is not None:
                    cells[place(cell.get("r"))] = float(cell.find(f"{MAIN}v").text)
            found.append(cells)
    return found


def cells_of(sheet):
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    return cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow


def text(sheet, column, row):
    return sheet.getCellByPosition(column, row).String


def find(sheet, code, items, parent=None):
    for row in range(cells_of(sheet)[1] + 1):
        if text(sheet, CODE, row) == code and text(sheet, ITEM, row) in items \
                and (parent is None or text(sheet, 1, row) == parent):
            return row
    sys.exit(f"no row of {code} in {sheet.Name}")


def differences(sheet):
    """What the rows of checks say, as far as it is not 0, by row and column."""
    columns, rows = cells_of(sheet)
    return {(row, column): sheet.getCellByPosition(column, row).Value
            for row in range(rows + 1) if text(sheet, ITEM, row) in ("校验", "Check")
            for column in range(FIRST_MONTH, min(columns, FIRST_MONTH + 16) + 1)
            if sheet.getCellByPosition(column, row).Value != 0}


def held(what, holds):
    print(("ok    " if holds else "WRONG ") + what)
    return bool(holds)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options = options.parse_args()
    uno = bridge()
    folder = tempfile.mkdtemp(prefix="showfloor-workbook-")
    os.chmod(folder, 0o711)
    environment = {name: value for name, value in os.environ.items()
                   if name != "DATABASE_URL" and not name.startswith("SHOWFLOOR_")}
    environment |= {"SHOWFLOOR_PASSWORD": "showfloor-demo", "SHOWFLOOR_DATA_DIR": f"{folder}/data", "SHOWFLOOR_LANG": "en"}

    def showfloor(*arguments):
        done = subprocess.run([options.program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"showfloor {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    office = Office(uno, folder)
    all_hold = True
    try:
        showfloor("demo", "--exit")
        made = showfloor("plan", "create", "--unit", "JC", "--year", "2015", "--total", "1801", "--from-plan", "2014",
                         "--floor", "1620", "--stretch", "1990", "--as", "manager", "--json")
        plan = str(json.loads(made)["id"])
        for language in ("zh", "en"):
            file = f"{folder}/plan-{language}.xlsx"
            showfloor("plan", "export", plan, file, "--lang", language, "--as", "manager")
            book = office.open(file)
            book.calculateAll()
            formulas = cached(file)
            count, wrong = 0, []
            for sheet, cells in zip(book.Sheets, formulas):
                for (column, row), value in cells.items():
                    count += 1
                    if sheet.getCellByPosition(column, row).Value != value:
                        wrong.append((sheet.Name, column, row, value, sheet.getCellByPosition(column, row).Value))
            all_hold &= held(f"{language}: {count} formulas come to what the file says {wrong[:3]}", count and not wrong)
            all_hold &= held(f"{language}: no row of checks differs", not any(differences(sheet) for sheet in book.Sheets))
            again = f"{folder}/again-{language}.xlsx"
            office.save(book, again)
            said = showfloor("plan", "import", plan, again, "--dry-run", "--as", "manager")
            all_hold &= held(f"{language}: saved again it changes nothing", "nothing has changed" in said)
            book.close(True)

        # A04's March, which is the team's; and the check of the team says so until the others are split around it.
        book = office.open(f"{folder}/plan-zh.xlsx")
        sheet = next(sheet for sheet in book.Sheets if sheet.Name.endswith("组织"))
        row = find(sheet, "A04", ("确定",))
        cell = sheet.getCellByPosition(FIRST_MONTH + 2, row)
        before = int(cell.Value)
        cell.Value = before + 3
        book.calculateAll()
        said = differences(sheet)
        march, first, year = FIRST_MONTH + 2, FIRST_MONTH + 12, FIRST_MONTH + 16
        all_hold &= held(f"an edit shows in the check of the team: {said}",
                         sorted(column for _, column in said) == [march, first, year] and set(said.values()) == {-3.0})
        edited = f"{folder}/edited.xlsx"
        office.save(book, edited)
        book.close(True)
        showfloor("plan", "import", plan, edited, "--as", "manager")
        document = json.loads(showfloor("plan", "show", plan, "--as", "manager", "--json"))
        team = next(unit for unit in document["units"] if unit["unit"] == "G1")
        person = next(member for member in team["members"] if member["employee_no"] == "A04")
        all_hold &= held(f"the edited cell is {before + 3}, and pinned",
                         person["months"][2] == before + 3 and any(
                             pin["employee_no"] == "A04" and pin["value"] == before + 3 for pin in document["pins"]))
        all_hold &= held("the others are split around it", team["months"][2] == sum(
            member["months"][2] for member in team["members"]))
        file = f"{folder}/after.xlsx"
        showfloor("plan", "export", plan, file, "--as", "manager")
        book = office.open(file)
        book.calculateAll()
        all_hold &= held("after the import no row of checks differs", not any(differences(sheet) for sheet in book.Sheets))
        # A sum typed over is refused with its cell.
        sheet = next(sheet for sheet in book.Sheets if sheet.Name.endswith("组织"))
        sheet.getCellByPosition(FIRST_MONTH + 12, find(sheet, "JC", ("确定",))).Value = 1
        office.save(book, f"{folder}/sum.xlsx")
        book.close(True)
        refused = subprocess.run([options.program, "plan", "import", plan, f"{folder}/sum.xlsx", "--as", "manager"],
                                 cwd=ROOT, env=environment, capture_output=True, text=True)
        all_hold &= held("a quarter typed over is refused", refused.returncode != 0 and "S" in refused.stdout + refused.stderr)
    finally:
        office.end()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if all_hold else 1)


if __name__ == "__main__":
    main()
