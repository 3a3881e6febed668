// Shows a toast for everything that the user of this page earns, as it happens, also elsewhere.
//
// It listens to Laurels itself, with a token that the site minted, and not through a worker of the site.

import { listen } from "./notifications.js";

const { server, user, token, after } = document.body.dataset;

function toast(text) {
  const shown = document.createElement("p");
  shown.textContent = text;
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), 8000);
}

async function renew() {
  return (await (await fetch("/token")).json()).token;
}

listen({ server, user, token, after, renew }, ({ award }) => {
  if (award) toast(`You earned “${award.title}”`);
});
