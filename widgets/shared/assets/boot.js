// Runs before anything else on the page: light or dark, the waiting line, and the word when the line is cut.
// Loaded in <head>; everything it offers to templates hangs on window.crm.
(() => {
  "use strict";
  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("crm-words").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // --- light or dark -----------------------------------------------------------------------------
  const saved = () => {
    try { return localStorage.getItem("crm-theme"); } catch { return null; }
  };
  const chosen = () => saved() || (dark.matches ? "dark" : "light");
  const followers = new Set();
  const paint = () => {
    const theme = chosen();
    root.dataset.crmTheme = theme;
    // ipyvuetify reads this one when its first view is set up
    if (document.body) document.body.dataset.jpThemeLight = String(theme === "light");
    followers.forEach((follow) => follow(theme));
  };
  dark.addEventListener("change", paint);
  window.addEventListener("storage", (event) => event.key === "crm-theme" && paint());

  // --- waiting -----------------------------------------------------------------------------------
  // A line after 150 ms, while the kernel owes an answer; pages that load show it from the start.
  let waiting = new Map();
  const line = () => {
    const since = Math.min(...waiting.values());
    const wait = since === Infinity ? -1 : performance.now() - since;
    root.classList.toggle("crm-busy", wait > 150);
  };
  setInterval(line, 100);

  // --- the connection ----------------------------------------------------------------------------
  let leaving = false;
  let opened = false;
  window.addEventListener("pagehide", () => { leaving = true; });
  const strip = (state) => {
    const bar = document.getElementById("crm-strip");
    if (!bar || leaving) return;
    root.classList.toggle("crm-offline", state !== "fine");
    bar.hidden = state === "fine";
    if (state !== "fine") bar.querySelector("span").textContent = words[state];
    window.dispatchEvent(new CustomEvent("crm-connection", { detail: state }));
  };
  const peek = (data) => {
    if (typeof data === "string") return data;
    if (data instanceof ArrayBuffer) return new TextDecoder().decode(data.slice(0, 4096));
    return "";
  };
  const Plain = window.WebSocket;
  let cut = null;
  window.WebSocket = class extends Plain {
    constructor(address, protocols) {
      super(address, protocols);
      if (!String(address).includes("/channels")) return;
      this.addEventListener("open", () => {
        clearTimeout(cut);
        if (opened) strip("fine");
        opened = true;
      });
      this.addEventListener("close", () => {
        waiting = new Map();
        clearTimeout(cut);
        cut = setTimeout(() => strip("lost"), 1200);
      });
      this.addEventListener("message", (event) => {
        const text = peek(event.data);
        const state = /"execution_state":\s*"(\w+)"/.exec(text);
        if (!state) return;
        if (state[1] === "idle") {
          const ids = text.match(/"msg_id":\s*"([^"]+)"/g) || [];
          ids.forEach((id) => waiting.delete(id.split('"')[3]));
        } else if (state[1] === "restarting" || state[1] === "dead") {
          strip("ended");
        }
      });
    }
    send(data) {
      if (String(this.url).includes("/channels")) {
        const text = peek(data);
        const id = /"msg_id":\s*"([^"]+)"/.exec(text);
        if (id && /"msg_type":\s*"comm_msg"/.test(text)) waiting.set(id[1], performance.now());
      }
      return super.send(data);
    }
  };
  window.addEventListener("offline", () => strip("lost"));
  window.addEventListener("online", () => opened && strip("fine"));

  // --- the first seconds -------------------------------------------------------------------------
  const begun = performance.now();
  waiting.set("page", begun);
  const say = (text, failed) => {
    const place = document.getElementById("crm-boot-words");
    if (!place) return;
    place.textContent = text;
    place.hidden = false;
    document.getElementById("crm-boot").classList.toggle("crm-boot-failed", Boolean(failed));
  };
  const slow = setTimeout(() => say(words.starting), 3000);
  const slower = setTimeout(() => say(words.still), 20000);
  const ready = () => {
    clearTimeout(slow);
    clearTimeout(slower);
    waiting.delete("page");
    const boot = document.getElementById("crm-boot");
    if (boot) boot.remove();
    root.classList.add("crm-ready");
    performance.mark("crm-ready");
  };
  const failed = () => {
    clearTimeout(slow);
    clearTimeout(slower);
    waiting.delete("page");
    say(words.failed, true);
    document.getElementById("crm-boot-reload").hidden = false;
  };
  const watch = () => {
    paint();
    document.querySelectorAll(".crm-reload").forEach((button) => {
      button.addEventListener("click", () => location.reload());
    });
    const look = new MutationObserver(() => {
      const app = document.querySelector("#crm-cells .v-application");
      if (!app || !app.querySelector(".v-main, main")) return;
      look.disconnect();
      requestAnimationFrame(ready);
    });
    look.observe(document.body, { childList: true, subtree: true });
  };

  // Voila calls these; our own page has nothing to show for them
  window.voila_process = () => {};
  window.voila_heartbeat = () => {};
  window.voila_finish = () => {};

  window.crm = {
    /** "light" or "dark", as it is now */
    get theme() { return chosen(); },
    /** Choose "light" or "dark", or null to follow the system; every view follows at once. */
    setTheme(theme) {
      try {
        if (theme) localStorage.setItem("crm-theme", theme);
        else localStorage.removeItem("crm-theme");
      } catch { /* private windows: it holds until the page is left */ }
      paint();
    },
    /** Call `follow(theme)` now and on every change; gives back what ends it. */
    followTheme(follow) {
      followers.add(follow);
      follow(chosen());
      return () => followers.delete(follow);
    },
    watch, ready, failed,
  };
  paint();
})();
