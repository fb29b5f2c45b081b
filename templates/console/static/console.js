// Small helps for forms. Every form works without this script.
"use strict";

// A select shows or hides the fields that belong to one of its values.
for (const select of document.querySelectorAll("select[data-toggles]")) {
  const fields = document.getElementById(select.dataset.toggles);
  const apply = () => { fields.hidden = select.value !== select.dataset.toggleValue; };
  select.addEventListener("change", apply);
  apply();
}

// A file that is dropped on the form is chosen in it.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.toggle("is-over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  }
}

// One click selects the address that was made.
for (const input of document.querySelectorAll("input.copied")) {
  input.addEventListener("focus", () => input.select());
}
