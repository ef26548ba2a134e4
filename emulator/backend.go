// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
)

// withSecretKey guards what belongs to the Backend API.
func (e *Emulator) withSecretKey(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !isBearer || !e.isSecretKey(key) {
			writeAPIError(w, http.StatusUnauthorized, "clerk_key_invalid", "the secret key is missing or is not this instance's")
			return
		}
		next(w, r)
	}
}

func (e *Emulator) isSecretKey(key string) bool {
	got, want := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(e.secretKey))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func (e *Emulator) publicKeys(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(e.key.keySet)
}

// handshakePayload tells the application what a handshake's nonce stands for, once.
func (e *Emulator) handshakePayload(w http.ResponseWriter, r *http.Request) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	directives, found := e.store.takeNonce(query.Get("nonce"), e.now())
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "the nonce is unknown, used or too old")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"directives": directives})
}

type apiError struct {
	Code        string            `json:"code"`
	Message     string            `json:"message"`
	LongMessage string            `json:"long_message"`
	Meta        map[string]string `json:"meta,omitempty"`
}

// writeAPIError answers in the form that Clerk's APIs give their errors.
func writeAPIError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"errors": []apiError{{Code: code, Message: message, LongMessage: message}}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The only error left is a client that went away.
	_ = json.NewEncoder(w).Encode(body)
}
