// Whether something fixed lies over most of the window: points of a grid, and what is on top there.
() => { let over = 0;
  for (let row = 1; row < 6; row++) for (let column = 1; column < 6; column++) {
    let at = document.elementFromPoint(innerWidth * column / 6, innerHeight * row / 6);
    for (; at && at !== document.body; at = at.parentElement)
      if (["fixed", "sticky"].includes(getComputedStyle(at).position) || at.matches("dialog:modal")) { over++; break }
  } return over >= 18 }
