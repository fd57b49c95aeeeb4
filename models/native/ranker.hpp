// The ranker of a policy: rules, scores and an exact top-n, request by request.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "parts.hpp"
#include "rules.hpp"

namespace saldopas {

// What a stage needs, and what its courses are said to rest on.
enum Source : int8_t { HISTORY, PROFILE, POPULAR };

// A model of the policy, asked in order.
struct Stage {
    std::shared_ptr<LinearModel> model;
    Source source;
    size_t n_known;      // courses that the model knows; the catalogue may have grown
    size_t first_given;  // place of its scores among those of all asked models
    bool repeats_model = false;  // the stage before asks the same model
};

// One listed course.
struct Listed {
    float score;
    int32_t item;
};

class Ranker {
  public:
    Ranker(std::vector<Stage> stages, std::shared_ptr<CourseRules> rules,
           std::shared_ptr<BalanceLift> lift);

    struct Batch {
        Ragged history, tokens;
        Requests requests;
        Given given;
    };

    // Memory of one thread.
    struct Workspace {
        explicit Workspace(size_t n_items)
            : parts(n_items),
              scores(buffer<float>(n_items)),
              ranked(buffer<float>(n_items)),
              allowed(buffer<uint8_t>(n_items)),
              best(buffer<Listed>(n_items + 1)) {}

        Scratch parts;
        Buffer<float> scores, ranked;
        Buffer<uint8_t> allowed;
        Buffer<Listed> best;
    };

    // Append the list of one request; `append(item, score, source)`.
    template <class Append>
    void rank(const Batch& batch, size_t row, Workspace& space, Append append) const;

    // Require every index of a batch to lie within the arrays.
    void require_fits(const Batch& batch) const;
    const CourseRules& rules() const { return *rules_; }
    size_t n_items() const { return rules_->n_items(); }

  private:
    std::vector<Stage> stages_;
    std::shared_ptr<CourseRules> rules_;
    std::shared_ptr<BalanceLift> lift_;
};

}  // namespace saldopas
