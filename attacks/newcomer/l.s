$ patternctl lint lint -o sarif
{
  "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "patternctl lint",
          "semanticVersion": "0.1.0",
          "rules": [
            {
              "id": "DocumentInvalid",
              "shortDescription": {
                "text": "A file of the artifact is not valid YAML or JSON."
              }
            },
            {
              "id": "DropCapturedMetadata",
              "shortDescription": {
                "text": "`uid`, `resourceVersion`, `ownerReferences` and other metadata of a cluster are left out."
              }
            },
            {
              "id": "DropNamespace",
              "shortDescription": {
                "text": "The namespace of an object of a cluster-scoped kind is left out."
              }
            },
            {
              "id": "InvalidName",
              "shortDescription": {
                "text": "Its name or namespace is none that Kubernetes takes, and cannot be made one."
              }
            },
            {
              "id": "InvalidValue",
              "shortDescription": {
                "text": "A value is outside of what its schema allows."
              }
            },
            {
              "id": "KeepRemovedVersions",
              "shortDescription": {
                "text": "A version that Kubernetes no longer serves is kept, and told."
              }
            },
            {
              "id": "MissingApiVersion",
              "shortDescription": {
                "text": "It has no apiVersion, and its kind is none of Kubernetes' own."
              }
            },
            {
              "id": "MissingName",
              "shortDescription": {
                "text": "It has no name; `generateName` names another object each time it is applied."
              }
            },
            {
              "id": "MissingRequiredField",
              "shortDescription": {
                "text": "A field that its kind requires is absent or empty."
              }
            },
            {
              "id": "NoSchema",
              "shortDescription": {
                "text": "The kind is of no schema that is at hand: bring its CRD, or use `--schemas cluster`."
              }
            },
            {
              "id": "NotText",
              "shortDescription": {
                "text": "A field that must be text is a number or a boolean: put it in quotes."
              }
            },
            {
              "id": "ReadKeysAsKubectl",
              "shortDescription": {
                "text": "A key that YAML reads as another (`on` as `true`) is read as kubectl reads it, and told."
              }
            },
            {
              "id": "UnknownField",
              "shortDescription": {
                "text": "The kind has no such field; server-side apply refuses the object."
              }
            },
            {
              "id": "WrongType",
              "shortDescription": {
                "text": "A field has a value of another type than its schema says."
              }
            }
          ]
        }
      },
      "columnKind": "unicodeCodePoints",
      "results": [
        {
          "ruleId": "DocumentInvalid",
          "ruleIndex": 0,
          "level": "error",
          "message": {
            "text": "bad.yaml, line 4: found character that cannot start any token. Correct the file and publish the artifact again."
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/bad.yaml"
                },
                "region": {
                  "startLine": 4,
                  "startColumn": 1
                }
              }
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "9dfd53186f6bf0057832914452c765c0"
          }
        },
        {
          "ruleId": "WrongType",
          "ruleIndex": 13,
          "level": "error",
          "message": {
            "text": "ConfigMap c: data.true must be text"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/cm.yaml"
                },
                "region": {
                  "startLine": 4,
                  "startColumn": 1
                }
              },
              "logicalLocations": [
                {
                  "name": "ConfigMap c",
                  "fullyQualifiedName": "cm.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "3aec59ab34ef60469ffa631335b998c3"
          }
        },
        {
          "ruleId": "NotText",
          "ruleIndex": 10,
          "level": "error",
          "message": {
            "text": "ConfigMap c: data.on must be text: quote it (it is read as a number)"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/cm.yaml"
                },
                "region": {
                  "startLine": 5,
                  "startColumn": 3
                }
              },
              "logicalLocations": [
                {
                  "name": "ConfigMap c",
                  "fullyQualifiedName": "cm.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "8f7673ff8a83cf9ef9396caeddaa9673"
          }
        },
        {
          "ruleId": "ReadKeysAsKubectl",
          "ruleIndex": 11,
          "level": "warning",
          "message": {
            "text": "ConfigMap c: data.on read as the key true, as by kubectl: quote it where it is meant as written"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/cm.yaml"
                },
                "region": {
                  "startLine": 5,
                  "startColumn": 3
                }
              },
              "logicalLocations": [
                {
                  "name": "ConfigMap c",
                  "fullyQualifiedName": "cm.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "e2efb42eaf74d13fd0be7a29da9edbd4"
          }
        },
        {
          "ruleId": "NotText",
          "ruleIndex": 10,
          "level": "error",
          "message": {
            "text": "ConfigMap c: data.port must be text: quote it (it is read as a number)"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/cm.yaml"
                },
                "region": {
                  "startLine": 6,
                  "startColumn": 3
                }
              },
              "logicalLocations": [
                {
                  "name": "ConfigMap c",
                  "fullyQualifiedName": "cm.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "6f45c92cca6300a8d21d7ce295f48021"
          }
        },
        {
          "ruleId": "InvalidName",
          "ruleIndex": 3,
          "level": "error",
          "message": {
            "text": "Deployment Web_App: 'Web_App' is not a valid name for a Deployment; rename it in dep.yaml#1"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/dep.yaml"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 1
                }
              },
              "logicalLocations": [
                {
                  "name": "Deployment Web_App",
                  "fullyQualifiedName": "dep.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "732ada8d4f285ef33627121cab1f43c2"
          }
        },
        {
          "ruleId": "WrongType",
          "ruleIndex": 13,
          "level": "error",
          "message": {
            "text": "Deployment Web_App: spec.replicas must be an integer"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/dep.yaml"
                },
                "region": {
                  "startLine": 5,
                  "startColumn": 13
                }
              },
              "logicalLocations": [
                {
                  "name": "Deployment Web_App",
                  "fullyQualifiedName": "dep.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "54e54f145c4af7a1b68a4600adb93baf"
          }
        },
        {
          "ruleId": "MissingRequiredField",
          "ruleIndex": 8,
          "level": "error",
          "message": {
            "text": "Deployment Web_App: Deployment needs spec.template.spec.containers[0].image, absent or empty; add it, or remove the component"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/dep.yaml"
                },
                "region": {
                  "startLine": 10,
                  "startColumn": 7
                }
              },
              "logicalLocations": [
                {
                  "name": "Deployment Web_App",
                  "fullyQualifiedName": "dep.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "03f019df17717c1987d1520b2df3de23"
          }
        },
        {
          "ruleId": "UnknownField",
          "ruleIndex": 12,
          "level": "error",
          "message": {
            "text": "Deployment Web_App: spec.template.spec.containers[0].imagee is not a field of Kubernetes 1.37; did you mean image?"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/dep.yaml"
                },
                "region": {
                  "startLine": 12,
                  "startColumn": 11
                }
              },
              "logicalLocations": [
                {
                  "name": "Deployment Web_App",
                  "fullyQualifiedName": "dep.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "e3c3b37fc11a3bd561566069d2d5927c"
          }
        },
        {
          "ruleId": "WrongType",
          "ruleIndex": 13,
          "level": "error",
          "message": {
            "text": "Deployment Web_App: spec.template.spec.containers[0].ports[0].containerPort must be an integer"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/dep.yaml"
                },
                "region": {
                  "startLine": 14,
                  "startColumn": 30
                }
              },
              "logicalLocations": [
                {
                  "name": "Deployment Web_App",
                  "fullyQualifiedName": "dep.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "bae51a5c4dcb836488c138ac6ee56629"
          }
        },
        {
          "ruleId": "InvalidValue",
          "ruleIndex": 4,
          "level": "error",
          "message": {
            "text": "DesignPattern inner: spec.apply.conflicts is not one of 'Fail', 'Take'; did you mean Take?"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/dp.yaml"
                },
                "region": {
                  "startLine": 6,
                  "startColumn": 81
                }
              },
              "logicalLocations": [
                {
                  "name": "DesignPattern inner",
                  "fullyQualifiedName": "dp.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "7a0a258b3ffe0d7fc86eaee54930c7ed"
          }
        },
        {
          "ruleId": "KeepRemovedVersions",
          "ruleIndex": 5,
          "level": "warning",
          "message": {
            "text": "Ingress web: kept as it is, though Ingress of extensions/v1beta1 was removed from Kubernetes in 1.22: write networking.k8s.io/v1, in which backends are written service.name and service.port, and pathType is required"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/ing.yaml"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 1
                }
              },
              "logicalLocations": [
                {
                  "name": "Ingress web",
                  "fullyQualifiedName": "ing.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "ae4c190d85574973c7e156c43f7e4bbd"
          }
        },
        {
          "ruleId": "NoSchema",
          "ruleIndex": 9,
          "level": "note",
          "message": {
            "text": "Ingress web: there is no schema for 'Ingress' of 'extensions/v1beta1'"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/ing.yaml"
                },
                "region": {
                  "startLine": 2,
                  "startColumn": 7
                }
              },
              "logicalLocations": [
                {
                  "name": "Ingress web",
                  "fullyQualifiedName": "ing.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "3485f2a2997194fbbdafa11300c24349"
          }
        },
        {
          "ruleId": "DropNamespace",
          "ruleIndex": 2,
          "level": "warning",
          "message": {
            "text": "ClusterRoleBinding rb: metadata.namespace left out: ClusterRoleBinding is cluster-scoped"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 3,
                  "startColumn": 22
                }
              },
              "logicalLocations": [
                {
                  "name": "ClusterRoleBinding rb",
                  "fullyQualifiedName": "rb.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "e403f7821b205edc6c8d4f0475a0d6ec"
          }
        },
        {
          "ruleId": "MissingRequiredField",
          "ruleIndex": 8,
          "level": "error",
          "message": {
            "text": "ClusterRoleBinding rb: ClusterRoleBinding needs subjects[0].namespace, absent or empty; add it, or remove the component"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 5,
                  "startColumn": 1
                }
              },
              "logicalLocations": [
                {
                  "name": "ClusterRoleBinding rb",
                  "fullyQualifiedName": "rb.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "f541110fb5a606d9af2ca515aa6e09e4"
          }
        },
        {
          "ruleId": "MissingApiVersion",
          "ruleIndex": 6,
          "level": "error",
          "message": {
            "text": "Secret s: rb.yaml#2 has no apiVersion; add it"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 7,
                  "startColumn": 1
                }
              },
              "logicalLocations": [
                {
                  "name": "Secret s",
                  "fullyQualifiedName": "rb.yaml#2"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "105e3ac4ca5f67a4ae4e622ca66b79c4"
          }
        },
        {
          "ruleId": "MissingName",
          "ruleIndex": 7,
          "level": "error",
          "message": {
            "text": "Pod rb.yaml#3: rb.yaml#3 has no metadata.name; generateName will not do"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 13,
                  "startColumn": 1
                }
              },
              "logicalLocations": [
                {
                  "name": "Pod rb.yaml#3",
                  "fullyQualifiedName": "rb.yaml#3"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "00e599cbf44de1f550ae264999b33578"
          }
        },
        {
          "ruleId": "DropCapturedMetadata",
          "ruleIndex": 1,
          "level": "warning",
          "message": {
            "text": "Pod rb.yaml#3: metadata.generateName left out: of the cluster it was captured from"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 13,
                  "startColumn": 12
                }
              },
              "logicalLocations": [
                {
                  "name": "Pod rb.yaml#3",
                  "fullyQualifiedName": "rb.yaml#3"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "cba48c24a30efb64acde812c1a3c0820"
          }
        },
        {
          "ruleId": "MissingRequiredField",
          "ruleIndex": 8,
          "level": "error",
          "message": {
            "text": "Pod rb.yaml#3: Pod needs spec.containers[0].name, absent or empty; add it, or remove the component"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 14,
                  "startColumn": 8
                }
              },
              "logicalLocations": [
                {
                  "name": "Pod rb.yaml#3",
                  "fullyQualifiedName": "rb.yaml#3"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "06a069195268488bc0d1962802a92d2c"
          }
        },
        {
          "ruleId": "MissingRequiredField",
          "ruleIndex": 8,
          "level": "error",
          "message": {
            "text": "CronJob cj: CronJob needs spec.jobTemplate.spec.template.spec.restartPolicy, absent or empty; add it, or remove the component"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/rb.yaml"
                },
                "region": {
                  "startLine": 19,
                  "startColumn": 64
                }
              },
              "logicalLocations": [
                {
                  "name": "CronJob cj",
                  "fullyQualifiedName": "rb.yaml#4"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "e0b2736c83f2d1ec79b8b45cd18701b3"
          }
        },
        {
          "ruleId": "DropCapturedMetadata",
          "ruleIndex": 1,
          "level": "warning",
          "message": {
            "text": "Service web: metadata.uid left out: of the cluster it was captured from"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/svc.yaml"
                },
                "region": {
                  "startLine": 5,
                  "startColumn": 3
                }
              },
              "logicalLocations": [
                {
                  "name": "Service web",
                  "fullyQualifiedName": "svc.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "ab9e9ab70da7887ece1e5932ea50eafe"
          }
        },
        {
          "ruleId": "MissingRequiredField",
          "ruleIndex": 8,
          "level": "error",
          "message": {
            "text": "Service web: Service needs spec.ports[0].name, spec.ports[1].name, absent or empty; add them, or remove the component"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lint/svc.yaml"
                },
                "region": {
                  "startLine": 10,
                  "startColumn": 3
                }
              },
              "logicalLocations": [
                {
                  "name": "Service web",
                  "fullyQualifiedName": "svc.yaml#1"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "findingHash/v1": "237640e3c832f65c6267db6bbc09ede5"
          }
        }
      ]
    }
  ]
}
=> 7
