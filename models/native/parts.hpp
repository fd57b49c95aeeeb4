// What a linear model is made of: parts, each of which adds scores of one participant.
#pragma once

#include <memory>
#include <vector>

#include "arrays.hpp"

namespace saldopas {

// One participant, as parts read it.
struct Known {
    std::span<const int32_t> items;   // distinct courses, newest first
    std::span<const int32_t> ages;    // for each of them, the number of newer purchases
    std::span<const int32_t> tokens;  // of the profile
    int64_t n_events = 0;             // purchases, repeats counted
};

// A row of a dense array and what it is multiplied by.
struct WeightedRow {
    const float* values;
    float weight;
};

// Memory of `size` values that are not set yet.
template <class T>
using Buffer = std::unique_ptr<T[]>;

template <class T>
Buffer<T> buffer(size_t size) {
    return std::make_unique_for_overwrite<T[]>(size);
}

// Memory that one thread reuses for participant after participant.
struct Scratch {
    explicit Scratch(size_t n_items)
        : total(buffer<float>(n_items)), prior(buffer<double>(n_items)), seen(n_items) {}

    Buffer<float> total;   // (n_items,)
    Buffer<double> prior;  // (n_items,)
    std::vector<uint8_t> seen;  // zeros between calls
    std::vector<int32_t> items, ages;
    std::vector<WeightedRow> rows;

    // Read a history over the first `n_known` courses: each course once, at its newest place.
    Known known(std::span<const int32_t> history, std::span<const int32_t> tokens, size_t n_known);
};

// Scores of the models that are asked: (n_models, n_rows, n_known), read at one row.
struct Given {
    const float* data;
    size_t n_models, n_rows, n_known;
    size_t first = 0;  // place of the first one that belongs to the linear model
    size_t row = 0;

    Given(const Cube<float>& scores, size_t n_rows);
    const float* scores(size_t place) const {
        return data + ((first + place) * n_rows + row) * n_known;
    }
};

// How far the arrays of a part reach.
struct Reach {
    static constexpr size_t ANY = SIZE_MAX;

    size_t scores = 0;     // courses that scores are added to
    size_t history = ANY;  // courses that may stand in a history
    size_t tokens = ANY;   // tokens of the vocabulary
    size_t given = 0;      // models that must have been asked
};

class Part {
  public:
    virtual ~Part() = default;
    // Add factor * (scores of the participant) to `scores`.
    virtual void add(float factor, const Known& known, const Given& given, Scratch& scratch,
                     float* scores) const = 0;
    virtual Reach reach() const = 0;
};

// Weighted rows of an (m + n_tokens, m) array: a row a kept item, then a row a token. A purchase
// weighs decay^(newer purchases).
class DenseRows final : public Part {
  public:
    DenseRows(Matrix<float> weights, Vector<int32_t> kept, int64_t n_items, double decay,
              double token_weight);
    void add(float, const Known&, const Given&, Scratch&, float*) const override;
    Reach reach() const override {
        return {.scores = row_of_.size(),
                .history = row_of_.size(),
                .tokens = weights_.shape(0) - kept_.shape(0)};
    }

  private:
    Matrix<float> weights_;
    Vector<int32_t> kept_;
    std::vector<int32_t> row_of_;  // of each item, -1 where it is not kept
    double decay_;
    float token_weight_;
};

// Weighted rows of a sparse (n_items, n_items) matrix, one a purchase.
class SparseRows final : public Part {
  public:
    SparseRows(Ragged::Arrays rows, Vector<float> values, double decay);
    void add(float, const Known&, const Given&, Scratch&, float*) const override;
    Reach reach() const override { return {.scores = rows_.n_rows(), .history = rows_.n_rows()}; }

  private:
    Ragged::Arrays arrays_;
    Ragged rows_;
    Vector<float> values_;
    double decay_;
};

// The same (n_items,) scores for every participant.
class FixedScores final : public Part {
  public:
    explicit FixedScores(Vector<float> scores) : scores_(std::move(scores)) {}
    void add(float, const Known&, const Given&, Scratch&, float*) const override;
    Reach reach() const override { return {.scores = scores_.shape(0)}; }

  private:
    Vector<float> scores_;
};

// Shares of everybody times the lift of each token, then counts of the exact profile:
// see models/recommenders/profile_popularity.py.
class GroupShares final : public Part {
  public:
    struct Counts {  // decayed purchases of each group, and their sums
        Ragged::Arrays rows;
        Vector<float> values, totals;
    };

    GroupShares(Vector<float> share, Matrix<float> lift, Ragged::Arrays group_tokens,
                Counts counts, double strength);
    void add(float, const Known&, const Given&, Scratch&, float*) const override;
    Reach reach() const override { return {.scores = n_items(), .tokens = lift_.shape(0)}; }

  private:
    struct Group {
        uint64_t hash;
        size_t row;
    };

    size_t n_items() const { return share_.shape(0); }
    const Group* group_of(std::span<const int32_t> tokens) const;
    void multiply(std::span<const int32_t> tokens, double* prior) const;

    Vector<float> share_;
    Matrix<float> lift_;
    Ragged::Arrays token_arrays_;
    Ragged group_tokens_;
    Counts counts_;
    Ragged group_items_;
    double strength_;
    std::vector<Group> by_hash_;
};

// Scores that another model computed: the `place`-th of those that are given.
class GivenScores final : public Part {
  public:
    explicit GivenScores(size_t place) : place_(place) {}
    void add(float, const Known&, const Given&, Scratch&, float*) const override;
    Reach reach() const override { return {.given = place_ + 1}; }

  private:
    size_t place_;
};

// A weighted sum of parts; the weights depend on how many purchases are known.
class LinearModel {
  public:
    LinearModel(std::vector<std::shared_ptr<Part>> parts, Matrix<float> factors,
                Matrix<bool> reads);

    // Whether a part with a weight for this participant reads its history or its profile.
    bool reads_history(const Known& known) const { return reads_.data()[2 * level(known)]; }
    bool reads_profile(const Known& known) const { return reads_.data()[2 * level(known) + 1]; }
    // Write the scores of one participant; 0 for courses that no part knows.
    void score(const Known&, const Given&, Scratch&, std::span<float> scores) const;
    // Courses that may stand in a history; later ones are no purchases to this model.
    size_t n_known() const { return reach_.history; }
    // Require a batch to stay within the arrays, and the arrays within the catalogue.
    void require_fits(const Ragged& tokens, const Given& given, size_t n_items) const;

  private:
    size_t level(const Known& known) const {
        return std::min<size_t>(known.n_events, factors_.shape(0) - 1);
    }

    std::vector<std::shared_ptr<Part>> parts_;
    Matrix<float> factors_;  // (n_levels, n_parts)
    Matrix<bool> reads_;     // (n_levels, 2), history and profile
    Reach reach_;            // the narrowest of all parts
};

}  // namespace saldopas
