// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var style string

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// styleSource names the inline style sheet to the browser by its hash; no other
// style, and nothing else at all, is let in.
var styleSource = func() string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// frame is what every page holds.
type frame struct {
	Title string
	Style template.CSS
	Mount string
	// Browser and Redirect travel through the forms of a page.
	Browser  string
	Redirect string
	Notice   string
}

func (e *Emulator) frame(r *http.Request, title string) frame {
	return frame{
		Title: title,
		Style: template.CSS(style), //nolint:gosec // It is the embedded file, not input.
		Mount: e.seenFrom(r).path,
	}
}

// formFrame is a frame whose forms lead to an address.
func (e *Emulator) formFrame(r *http.Request, title, browser string, to destination.Destination) frame {
	f := e.frame(r, title)
	f.Redirect = to.Address
	if !e.production {
		f.Browser = browser
	}
	return f
}

// render writes a page. Browsers hold the redirect after a form to form-action as
// well, so the origin that a form leads to has to be named there.
func render(w http.ResponseWriter, status int, name string, data any, leadsTo ...destination.Destination) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", "the page could not be made")
		return
	}
	actions := []string{"'self'"}
	for _, to := range leadsTo {
		actions = append(actions, to.Origin)
	}
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src "+styleSource+
		"; form-action "+strings.Join(actions, " ")+"; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	// With no-referrer a browser sends its forms with "Origin: null", which
	// cannot be told from another site's. Other origins learn nothing this way
	// either, and the redirect after the form says no-referrer.
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

type errorPage struct {
	frame
	Message string
}

func (e *Emulator) showError(w http.ResponseWriter, r *http.Request, status int, message string) {
	render(w, status, "error.html", errorPage{frame: e.frame(r, http.StatusText(status)), Message: message})
}

type indexPage struct {
	frame
	Kind, PublishableKey, SecretKey, Issuer, BaseURL, KeyID, PublicPEM, Password string
	People                                                                       []person
}

// index names the settings that an application needs. A secret key that was
// configured is somebody's choice and is not shown; the built-in one is no secret.
func (e *Emulator) index(w http.ResponseWriter, r *http.Request) {
	seen := e.seenFrom(r)
	p := indexPage{
		frame:          e.frame(r, "A small Clerk"),
		Kind:           "development",
		PublishableKey: e.publishableKey,
		Issuer:         e.Issuer(),
		BaseURL:        seen.origin + seen.path,
		Password:       Password,
		KeyID:          e.key.id,
		PublicPEM:      e.key.publicPEM,
		People:         e.people.known,
	}
	if e.production {
		p.Kind = "production"
	}
	if e.secretKey == defaultTestSecretKey || e.secretKey == defaultLiveSecretKey {
		p.SecretKey = e.secretKey
	}
	render(w, http.StatusOK, "index.html", p)
}
