// Requests to the server, and what every step knows of its state.

const page = sessionStorage.page ||= crypto.getRandomValues(new Uint32Array(4)).join("-");

export const state = { pen: true };

async function read(response) {
  const { answer, error } = await response.json();
  if (error) throw new Error(error);
  return answer;
}

export async function ask(name, body = {}) {
  let response;
  try {
    response = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-page": page },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The studio does not answer. Start it again in the terminal; what you decided is kept.");
  }
  return read(response);
}

export async function refresh() {
  const response = await fetch("/api/state", { headers: { "x-page": page } });
  Object.assign(state, await read(response));
  return state;
}

addEventListener("pagehide", () => {
  const body = new Blob([page], { type: "application/json" }); // a type that no form can send
  navigator.sendBeacon("/api/leave", body);
});
