"""Headless Chromium on the page: waiting, clicking, taking pictures. Nothing here knows a test."""
import os
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

PATIENCE_S = 60
WIDE, NARROW = (1280, 860), (400, 860)


class Browser:
    """One window. `names`: host names that stand for this machine."""

    def __init__(self, downloads: str, profile: str, names: dict = {}):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # --no-sandbox: tests may run as root; the only pages are our own.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--force-device-scale-factor=1",
                         "--disable-component-update", "--disable-background-networking", "--user-data-dir=" + profile):
            options.add_argument(argument)
        if names:
            options.add_argument("--host-resolver-rules=" + ",".join(f"MAP {name} {to}" for name, to in names.items()))
        options.add_experimental_option("prefs", {"download.default_directory": downloads, "download.prompt_for_download": False})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.resize(*WIDE)
        self.dark(False)

    def close(self):
        self.driver.quit()

    def resize(self, width: int, height: int):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def dark(self, wanted: bool):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}, {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition, what: str):
        """The first answer of `condition` that is true. What was redrawn meanwhile is looked for again."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = condition()
            except StaleElementReferenceException:
                answer = None
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}; the page says:\n{self.text()}")
            time.sleep(0.05)

    def text(self) -> str:
        return self.run("return document.body.innerText")

    def all(self, selector: str) -> list:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str):
        """The first element of the selector that is shown."""
        return self.until(lambda: next((e for e in self.all(selector) if e.is_displayed()), None), selector)

    def labelled(self, tag: str, text: str, within: str = "body"):
        def find():
            return next((e for e in self.all(f"{within} {tag}") if e.is_displayed() and e.text.strip() == text), None)
        return self.until(find, f"a {tag} “{text}” in {within}")

    def press(self, text: str, within: str = "body"):
        self.labelled("button", text, within).click()

    def sees(self, text: str, within: str = "body"):
        self.until(lambda: any(text in e.text for e in self.all(within)), f"“{text}” in {within}")

    def fill(self, name: str, value: str):
        field = self.one(f"dialog [name={name}]")
        field.clear()
        field.send_keys(value)

    def picture(self, path: str, whole: bool = True):
        """The page as it is now, down to its end if `whole`."""
        if whole:
            width, height = self.run("return [innerWidth, innerHeight]")
            self.resize(width, max(height, self.run("return document.documentElement.scrollHeight")))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.driver.save_screenshot(path)
        if whole:
            self.resize(width, height)

    def console(self) -> list:
        """Errors since the last call: of scripts and of the page's policy, not answers of 4xx, which the page tells of itself."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]
