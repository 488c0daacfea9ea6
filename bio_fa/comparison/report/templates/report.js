"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const data = JSON.parse(document.getElementById("data").textContent);

  // Light and dark: what the reader's system prefers, until the button says otherwise.
  const theme = document.querySelector("button.theme");
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Change to ${dark() ? "light" : "dark"} colours`); };
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  theme.hidden = false;
  name();

  // Tables: a click on a head, or Enter on it, sorts; what is unknown stays last.
  const compare = (one, other, sign) => {
    if (one === "" || other === "") return (one === "") - (other === "");
    const numbers = [Number(one), Number(other)];
    return sign * (numbers.every(Number.isFinite) ? numbers[0] - numbers[1] : one.localeCompare(other, "en", { numeric: true }));
  };
  for (const button of all("th .sort")) button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0], place = head.cellIndex;
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    all("th[aria-sort]", head.parentElement).forEach((each) => each.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    body.append(...[...body.rows].sort((a, b) => compare(a.cells[place].dataset.key, b.cells[place].dataset.key, sign)));
  });

  // Rules: a box hides or shows a rule in every curve.
  const hidden = new Set();
  for (const box of all("fieldset.rules input")) box.addEventListener("change", () => {
    box.checked ? hidden.delete(box.value) : hidden.add(box.value);
    all("fieldset.rules input").filter((each) => each.value === box.value).forEach((each) => { each.checked = box.checked; });
    all(".panel .series").filter((each) => each.dataset.rule === box.value).forEach((each) => each.classList.toggle("off", !box.checked));
  });

  // Values: the pointer, or the arrow keys, walk along a panel; the values there are read out beside it.
  const readout = document.getElementById("readout");
  const samples = new Map(all("fieldset.rules input").map((each) => [each.value, each.nextElementSibling]));
  const shown = (panel, value) => value == null ? "–" : (panel.factor * value).toFixed(panel.decimals).replace("-", "−");
  const row = (panel, line, at) => {
    const item = document.createElement("div"), label = document.createElement("span"), value = document.createElement("span"), interval = document.createElement("em");
    label.textContent = line.name;
    value.textContent = shown(panel, line.y[at]) + panel.unit;
    interval.textContent = line.low[at] == null ? "" : `${shown(panel, line.low[at])} to ${shown(panel, line.high[at])}`;
    item.append(samples.get(line.name).cloneNode(true), label, value, interval);
    return item;
  };
  const places = (panel) => {
    const found = new Map();
    panel.series.filter((line) => !hidden.has(line.name)).forEach((line) => line.x.forEach((x, at) => found.set(x, line.at[at])));
    return [...found].sort((one, other) => one[0] - other[0]);
  };
  const show = (svg, panel, [x, at]) => {
    const cursor = svg.querySelector(".cursor"), title = document.createElement("b");
    cursor.setAttribute("transform", `translate(${at} 0)`);
    cursor.classList.add("shown");
    title.textContent = `${panel.x_label} ${x.toLocaleString("en")}`;
    const lines = panel.series.filter((line) => !hidden.has(line.name) && line.x.includes(x));
    const rows = lines.map((line) => [line.y[line.x.indexOf(x)], row(panel, line, line.x.indexOf(x))]);
    readout.replaceChildren(title, ...rows.sort((one, other) => other[0] - one[0]).map((each) => each[1]));
    readout.classList.add("shown");
    const box = svg.getBoundingClientRect(), where = box.left + at / svg.viewBox.baseVal.width * box.width;
    const width = readout.offsetWidth, right = document.documentElement.clientWidth;
    const left = where + 14 + width < right ? where + 14 : where - 14 - width;
    readout.style.left = `${Math.max(6, Math.min(left, right - width - 6)) + scrollX}px`;
    readout.style.top = `${(where + 14 + width < right || left > 6 ? box.top + 24 : box.bottom + 4) + scrollY}px`;
  };
  const hide = (svg) => { svg.querySelector(".cursor").classList.remove("shown"); readout.classList.remove("shown"); };
  for (const svg of all("svg.panel")) {
    const panel = data.panels[svg.dataset.panel];
    let place = null;
    const go = (to) => { const all = places(panel); if (all.length) { place = Math.max(0, Math.min(all.length - 1, to)); show(svg, panel, all[place]); } };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      const distances = places(panel).map((each) => Math.abs(each[1] - at));
      if (distances.length) go(distances.indexOf(Math.min(...distances)));
    });
    svg.addEventListener("pointerleave", () => hide(svg));
    svg.addEventListener("focus", () => { if (svg.matches(":focus-visible")) go(place ?? Infinity); });
    svg.addEventListener("blur", () => hide(svg));
    svg.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: Infinity }[event.key];
      if (event.key === "Escape") hide(svg);
      if (to === undefined) return;
      event.preventDefault();
      go(to);
    });
  }

  // Copying.
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.of), before = button.textContent;
      getSelection().selectAllChildren(source);
      try { await navigator.clipboard.writeText(source.textContent); } catch { document.execCommand("copy"); }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  }

  // Paper has no way to open what is folded.
  let folded = [];
  addEventListener("beforeprint", () => { folded = all("details:not([open], figure details)"); folded.forEach((each) => { each.open = true; }); });
  addEventListener("afterprint", () => folded.forEach((each) => { each.open = false; }));
})();
