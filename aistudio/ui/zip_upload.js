// A zip file on its way to the server. Streamed by the browser: nothing of it goes through the socket of the page.
function size(count) {
  for (const unit of ["B", "kB", "MB"]) {
    if (count < 1000) return `${count.toFixed(unit === "B" ? 0 : 1)} ${unit}`;
    count /= 1000;
  }
  return `${count.toFixed(1)} GB`;
}

function duration(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

export default {
  template: `
    <div class="zip-upload">
      <div v-if="!name" class="zip-drop" :class="{ over }" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="drop">
        <q-icon name="folder_zip" size="28px" />
        <span>Drop a zip file here, or</span>
        <q-btn outline no-caps color="primary" label="Choose a file" @click="$refs.file.click()" />
        <input ref="file" type="file" accept=".zip,application/zip" hidden aria-label="Zip file" @change="send($event.target.files[0])" />
        <span class="faint">At most {{ words(most) }}. It may hold any of the formats.</span>
      </div>
      <div v-else class="zip-progress">
        <div class="zip-line"><span class="cut" :title="name">{{ name }}</span><span class="muted numbers" role="status">{{ text }}</span></div>
        <q-linear-progress rounded :value="share" aria-label="Upload" />
        <div class="zip-line"><span></span><q-btn flat dense no-caps color="primary" label="Cancel the upload" @click="cancel" /></div>
      </div>
      <div v-if="problem" class="bad" role="alert">{{ problem }}</div>
    </div>`,
  props: { address: String, most: Number, query: Object },
  data() {
    return { name: "", sent: 0, total: 0, over: false, problem: "", began: 0 };
  },
  computed: {
    share() {
      return this.total ? this.sent / this.total : 0;
    },
    text() {
      const seconds = (performance.now() - this.began) / 1000;
      if (this.total && this.sent >= this.total) return `${size(this.total)} sent; being checked`;
      const left = this.sent > 0 && seconds > 1 ? `, ${duration((seconds / this.sent) * (this.total - this.sent))} left` : "";
      return `${size(this.sent)} of ${size(this.total)}${left}`;
    },
  },
  mounted() {
    this.leaving = (event) => this.request && event.preventDefault(); // the browser asks
    window.addEventListener("beforeunload", this.leaving);
  },
  unmounted() {
    window.removeEventListener("beforeunload", this.leaving);
    this.request?.abort();
  },
  methods: {
    words: size,
    drop(event) {
      this.over = false;
      this.send(event.dataTransfer.files[0]);
    },
    send(file) {
      this.problem = "";
      this.$refs.file.value = "";
      if (!file) return;
      if (!file.name.toLowerCase().endsWith(".zip")) {
        this.problem = `${file.name} is no zip file. Put the folder with the images and annotations into a zip file.`;
        return;
      }
      if (file.size > this.most) {
        this.problem = `${file.name} has ${size(file.size)}; ${size(this.most)} is the most. Start AI Studio with a larger --max-upload, or import a folder of the server.`;
        return;
      }
      [this.name, this.sent, this.total, this.began] = [file.name, 0, file.size, performance.now()];
      const request = (this.request = new XMLHttpRequest());
      request.open("PUT", `${this.address}?${new URLSearchParams(this.query)}`);
      request.setRequestHeader("Content-Type", "application/zip");
      request.upload.onprogress = (event) => (this.sent = event.loaded);
      request.onload = () => this.answered(request);
      request.onerror = () => this.end("The connection broke off; nothing was changed. Send the file again.");
      request.send(file);
    },
    answered(request) {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // not from the server itself: told by its status below
      }
      if (request.status === 202) {
        this.end("");
        this.$emit("sent", answer.id);
      } else this.end([answer.detail ?? `The server refused it (${request.status}).`, answer.advice].filter(Boolean).join(" "));
    },
    end(problem) {
      [this.name, this.problem, this.request] = ["", problem, null];
    },
    cancel() {
      this.request?.abort();
      this.end("");
    },
  },
};
