// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/fcgi"
	"path/filepath"
	"strings"
	"testing"
)

// greetBySocket is an application that greets over a WebSocket and leaves.
func greetBySocket(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := acceptSocket(w, r)
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = buffered.Write(frame("hello", [4]byte{}))
	_ = buffered.Flush()
}

func sendEvents(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i := range 3 {
		fmt.Fprintf(w, "data: %d\n\n", i+1)
		_ = http.NewResponseController(w).Flush()
	}
}

// startPHP stands in for PHP-FPM with examples/php/site, and gives its address.
func startPHP(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = fcgi.Serve(listener, http.HandlerFunc(indexPHP)) }()
	return listener.Addr().String()
}

// indexPHP does what examples/php/site/index.php does.
func indexPHP(w http.ResponseWriter, r *http.Request) {
	server := fcgi.ProcessEnv(r)
	if filepath.Base(server["SCRIPT_FILENAME"]) != "index.php" {
		http.Error(w, "File not found.", http.StatusNotFound)
		return
	}
	// What net/http takes for itself is put back under the names of CGI.
	for name, values := range r.Header {
		server["HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = strings.Join(values, ", ")
	}
	w.Header().Set("Content-Type", "text/plain")
	page := r.URL.RequestURI()
	for _, name := range []string{"HTTP_X_REWRITE_URL", "HTTP_X_ORIGINAL_URL"} {
		if address, ok := server[name]; ok {
			page = address
		}
	}
	fmt.Fprintf(w, "page: %s\n", page)
	for _, name := range []string{
		"HTTP_X_CLERK_USER_ID", "HTTP_X_CLERK_ORG_ROLE", "CLERK_USER_ID", "CLERK_EMAIL",
		"REMOTE_USER", "HTTP_AUTHORIZATION", "HTTP_COOKIE",
	} {
		if server[name] != "" {
			fmt.Fprintf(w, "%s: %s\n", name, server[name])
		}
	}
}
