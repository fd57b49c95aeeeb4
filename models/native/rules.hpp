// The rules of the programme: which courses a request may be answered with, and the lift of scores
// at a balance.
#pragma once

#include <array>
#include <vector>

#include "arrays.hpp"

namespace saldopas {

// Rows of the (N_TERMS, B) int64 array of requests, as features/requests/batch.py has them.
enum Term { BALANCE, HAS_BALANCE, MAX_PRICE, AGE, EDUCATION, MOMENT, COUNT, N_TERMS };

// The numbers of one request.
class Terms {
  public:
    explicit Terms(const Matrix<int64_t>& terms) : data_(terms.data()), n_rows_(terms.shape(1)) {
        require(terms.shape(0) == N_TERMS, "terms must be (" + std::to_string(N_TERMS) + ", B)");
    }
    int64_t at(Term term, size_t row) const { return data_[term * n_rows_ + row]; }
    // What one course may cost: the lower of a known balance and the highest price wanted.
    int64_t limit(size_t row) const {
        const int64_t max_price = at(MAX_PRICE, row);
        return at(HAS_BALANCE, row) ? std::min(max_price, at(BALANCE, row)) : max_price;
    }
    size_t n_rows() const { return n_rows_; }

  private:
    const int64_t* data_;
    size_t n_rows_;
};

// What the rules read of B requests.
struct Requests {
    Terms terms;
    Ragged owned, excluded;

    Requests(const Matrix<int64_t>& terms, const Ragged::Arrays& owned,
             const Ragged::Arrays& excluded)
        : terms(terms), owned(owned, "owned"), excluded(excluded, "excluded") {
        require(this->owned.n_rows() == n_rows() && this->excluded.n_rows() == n_rows(),
                "terms, owned and excluded must have a row for each request");
    }
    size_t n_rows() const { return terms.n_rows(); }
};

// Price, dates on sale, minimum age and education of each course.
class CourseRules {
  public:
    // Each array is (n_items,): price_rp, on_sale_from_s, on_sale_until_s, min_age, min_education.
    explicit CourseRules(const std::array<Vector<int64_t>, 5>& columns);

    size_t n_items() const { return price_rp_.size(); }
    std::span<const int64_t> price_rp() const { return price_rp_; }
    // Write 1 where a course is affordable, on sale, eligible, neither owned nor excluded.
    void allow(const Requests& requests, size_t row, uint8_t* allowed) const;
    // Require owned and excluded courses to be in the catalogue.
    void require_fits(const Requests& requests) const;

  private:
    // A course's number is compared by its rank among all courses' numbers: the same order, in
    // half the width.
    struct Column {
        std::vector<int64_t> values;  // distinct, ascending
        std::vector<int32_t> ranks;   // (n_items,)

        explicit Column(std::span<const int64_t> numbers);
        int32_t n_at_most(int64_t limit) const;  // numbers up to `limit` have a rank below this
    };

    std::vector<int64_t> price_rp_;
    Column price_, from_, until_, age_, education_;
};

// score * lift of the band of price / balance; score / lift where the score is not positive.
class BalanceLift {
  public:
    // edges: (n - 1,) ascending shares of the balance; lift: (n,) factors of the bands.
    BalanceLift(const Vector<double>& edges, const Vector<float>& lift);

    void apply(std::span<const int64_t> price_rp, int64_t balance_rp, float* scores) const;

  private:
    std::vector<double> edges_;
    std::vector<float> lift_;
};

}  // namespace saldopas
