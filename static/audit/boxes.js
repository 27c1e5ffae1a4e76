// Labels of boxes and switches that are on and could be switched off; presses them if told to.
(press) => {
  const roots = [document];
  for (let at = 0; at < roots.length; at++)
    for (const element of roots[at].querySelectorAll("*")) if (element.shadowRoot) roots.push(element.shadowRoot);
  const label = (box) => (box.getAttribute("aria-label") || [...(box.labels ?? [])].map((one) => one.innerText).join(" ")
    || box.closest("label, li, fieldset, tr, div")?.innerText || box.name || "").trim().slice(0, 80);
  return roots.flatMap((root) => [...root.querySelectorAll("input[type=checkbox], [role=switch], [role=checkbox]")])
    .filter((box) => box.checkVisibility() || box.labels?.[0]?.checkVisibility())
    .filter((box) => !box.disabled && box.getAttribute("aria-disabled") !== "true")
    .filter((box) => box.checked || box.getAttribute("aria-checked") === "true").map((box) => { const name = label(box); if (press && (box.checked || box.getAttribute("aria-checked") === "true")) box.click(); return name; });
}
