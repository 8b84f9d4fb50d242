"use strict";
(() => {
  // Sorting and filtering of each table; without a script the tables stand as they are.
  for (const box of document.querySelectorAll(".sortable")) {
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    const controls = box.querySelector(".controls");
    const search = box.querySelector(".filter");
    const facets = [...box.querySelectorAll(".facet")];
    const shown = box.querySelector(".shown");

    const key = (row, column) => {
      const field = row.cells[column];
      if (!field) return null;
      if (field.dataset.key === undefined) return field.textContent.trim();
      return field.dataset.key === "none" ? null : Number(field.dataset.key);
    };
    const collator = new Intl.Collator("en", { numeric: true });
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b));

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
        const keyed = rows.map((row, index) => ({ row, index, out: row.classList.contains("out"), key: key(row, column) }));
        keyed.sort((a, b) => {
          // What was not measured, and what has no figure, comes last either way.
          if (a.out !== b.out) return a.out - b.out;
          if ((a.key === null) !== (b.key === null)) return a.key === null ? 1 : -1;
          return (a.key === null ? 0 : sign * compare(a.key, b.key)) || a.index - b.index;
        });
        body.append(...keyed.map((one) => one.row));
      });
    });

    if (!controls) continue;
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const fits = words.every((word) => text.includes(word)) &&
          facets.every((facet) => !facet.value || "=" + row.getAttribute("data-" + facet.dataset.facet) === facet.value);
        row.hidden = !fits;
        count += fits;
      }
      shown.textContent = `${count} of ${rows.length} ${table.dataset.rows}`;
    };
    search.addEventListener("input", filter);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        search.value = "";
        filter();
      }
    });
    facets.forEach((facet) => facet.addEventListener("change", filter));
    controls.hidden = false;
    filter();
  }

  // A link to a cell opens what it leads to.
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", open);
  open();

  // The theme: as the system has it, light, dark. It is kept where the browser allows.
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const kept = () => {
    try {
      return localStorage.getItem("edgebench-theme");
    } catch {
      return null;
    }
  };
  const choose = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    try {
      localStorage.setItem("edgebench-theme", theme);
    } catch {
      // A page from a file may keep nothing.
    }
  };
  let theme = themes.includes(kept()) ? kept() : "auto";
  button.hidden = false;
  choose(theme);
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    choose(theme);
  });
})();
