// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.css
var pageStyle string

// parsePage reads a page of the gate's own. It has the template "style".
func parsePage(text string) *template.Template {
	return template.Must(template.Must(template.New("page").Parse(text)).New("style").Parse(pageStyle)).Lookup("page")
}

// protectPage lets nothing run in a page, and nobody show it inside of theirs.
// Where its forms lead is left open: browsers hold redirects that follow a form
// against that, too, and a gate's can lead to Clerk.
func protectPage(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
}

// writePage answers with a page.
func writePage(w http.ResponseWriter, status int, page *template.Template, data any) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	return page.Execute(w, data)
}
