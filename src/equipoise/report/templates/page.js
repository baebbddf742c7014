// A click on a heading sorts its table; without JavaScript the page lacks nothing else.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const number = (row, i) => parseFloat(row.cells[i].dataset.value);
  [...table.tHead.rows[0].cells].forEach((heading, i) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const rows = [...body.rows];
      const numeric = rows.some((row) => !isNaN(number(row, i)));
      // Scores are looked at from the largest down, names from A up.
      const before = heading.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numeric;
      const order = (a, b) => {
        if (!numeric) return a.cells[i].textContent.localeCompare(b.cells[i].textContent);
        return number(a, i) - number(b, i);
      };
      const blank = (row) => numeric && isNaN(number(row, i));
      rows.sort((a, b) => blank(a) - blank(b) || (blank(a) ? 0 : (down ? -1 : 1) * order(a, b)));
      body.append(...rows);
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  });
}
