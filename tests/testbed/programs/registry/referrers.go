package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

// withReferrers adds what OCI distribution-spec 1.1 asks for and the registry leaves out: OCI-Subject on a push
// ("Pushing Manifests with Subject"), and the manifest's own artifactType in the list ("Listing Referrers").
func withReferrers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, repository := pathKind(r.URL.Path)
		switch {
		case kind == "manifests" && r.Method == http.MethodPut:
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			if subject := subjectOf(body); subject != "" {
				w.Header().Set("OCI-Subject", subject)
			}
			next.ServeHTTP(w, r)
		case kind == "referrers" && r.Method == http.MethodGet:
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			if recorder.Code == http.StatusOK {
				correctTypes(recorder, next, repository)
			}
			copyResponse(w, recorder)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func subjectOf(manifest []byte) string {
	var m struct {
		Subject struct {
			Digest string `json:"digest"`
		} `json:"subject"`
	}
	if json.Unmarshal(manifest, &m) != nil {
		return ""
	}
	return m.Subject.Digest
}

func correctTypes(listed *httptest.ResponseRecorder, next http.Handler, repository string) {
	var index map[string]any
	if json.Unmarshal(listed.Body.Bytes(), &index) != nil {
		return
	}
	descriptors, _ := index["manifests"].([]any)
	for _, each := range descriptors {
		descriptor, _ := each.(map[string]any)
		get := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/v2/%s/manifests/%v", repository, descriptor["digest"]), nil)
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, get)
		var manifest struct {
			ArtifactType string `json:"artifactType"`
		}
		if json.Unmarshal(recorder.Body.Bytes(), &manifest) == nil && manifest.ArtifactType != "" {
			descriptor["artifactType"] = manifest.ArtifactType
		}
	}
	body, err := json.Marshal(index)
	if err != nil {
		return
	}
	listed.Body = bytes.NewBuffer(body)
	listed.Header().Set("Content-Length", fmt.Sprint(len(body)))
}
