// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

var updateScreenshots = flag.Bool("update-screenshots", false, "take the pictures in docs/images anew")

const (
	images = root + "/docs/images"
	// maxImage keeps a page with the pictures quick to load.
	maxImage = 250_000
)

// TestScreenshots checks the pictures of the documentation, and takes them when
// that is asked for.
func TestScreenshots(t *testing.T) {
	if *updateScreenshots {
		takeScreenshots(t)
	}
	for _, name := range []string{"sign-in.png", "signed-in.png", "app-sign-in.png", "app.png"} {
		content, err := os.ReadFile(filepath.Join(images, name))
		if err != nil {
			t.Fatalf("%v; take it with -update-screenshots", err)
		}
		size, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if size.Width != 1800 || size.Height != 1200 {
			t.Errorf("%s: expected 1800 by 1200 pixels, got %d by %d", name, size.Width, size.Height)
		}
		if len(content) > maxImage {
			t.Errorf("%s: expected %d bytes or fewer, got %d", name, maxImage, len(content))
		}
	}
}

// takeScreenshots uses the demo's own ports, since the pictures show the address
// that a reader of the documentation sees.
func takeScreenshots(t *testing.T) {
	t.Helper()
	origin := startSite(t, siteOptions{demoPorts: true})
	b := openTab(t, startBrowser(t, ""), origin)
	run(t, b, "setting the size", chromedp.EmulateViewport(1200, 800, chromedp.EmulateScale(1.5)))

	b.open(t, "/")
	b.at(t, signInPage)
	b.save(t, "sign-in.png")
	signIn(t, b, "alice")
	b.at(t, "/")
	b.save(t, "signed-in.png")

	requireClient(t)
	b = openTab(t, startBrowser(t, ""), origin)
	run(t, b, "setting the size", chromedp.EmulateViewport(1200, 800, chromedp.EmulateScale(1.5)))
	b.open(t, appPage)
	run(t, b, "waiting for the sign-in", chromedp.WaitVisible(chromedp.CSS(proceed)))
	b.fill(t, `input[name=identifier]`, alice)
	b.save(t, "app-sign-in.png")
	b.usePrebuiltPage(t, "", emulator.Password)
	b.await(t, "the page to greet alice", greetsAlice)
	run(t, b, "asking the gate", chromedp.Click(chromedp.CSS(`#ask`), chromedp.NodeVisible))
	b.await(t, "the gate to answer", `document.querySelector('#answer').textContent`)
	b.save(t, "app.png")
}

// save writes what the tab shows. The browser packs for speed, so it is packed
// anew.
func (b *tab) save(t *testing.T, name string) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(run(t, b, "taking a picture", chromedp.CaptureScreenshot())))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, picture); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := os.MkdirAll(images, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(images, name), packed.Bytes(), 0o644); err != nil { //nolint:gosec // It is for everyone to see.
		t.Fatal(err)
	}
}
