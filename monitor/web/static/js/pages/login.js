// Who are you? Only shown where the server wants to know.

import { login as enter } from "../api.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { faultWords } from "../words.js";

export function loginPage(root, { onLogin, title }) {
  const user = h("input", {
    name: "user",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
  });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const wrong = h("p.wrong", { role: "alert", hidden: true });
  const button = h("button.main", { type: "submit" }, "Log in");
  const form = h(
    "form.card.login",
    { onsubmit: submit },
    h("h1", "Log in"),
    h("p", "What cameras see is not for everybody, so rareframe asks who you are."),
    h("label", "User", user),
    h("label", "Password", password),
    wrong,
    button,
  );
  fill(root, form);
  title("Log in");
  user.focus();

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    wrong.hidden = true;
    try {
      await enter(user.value, password.value);
      await onLogin();
    } catch (error) {
      fill(wrong, icon("rare"), h("span", faultWords(error)));
      wrong.hidden = false;
      password.value = "";
      password.focus();
    } finally {
      button.disabled = false;
    }
  }
}
