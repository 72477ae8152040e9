//! Steps and pipelines whose input is an association of exposures, and how it becomes a library.

use std::path::{Path, PathBuf};

use associations::{Association, Member, Product, Role};
use datamodels::DataModelError;
use datamodels::library::{AssociationInfo, Changes, Library, MemberFile};
use datamodels::models::RateModel;
use steps::outlier_detection::{CubeOutlierDetection, OutlierDetection};
use steps::resample::Resample;
use steps::tweakreg::TweakReg;
use stpipe::run::{Context, Run, RunError};
use stpipe::{ActionTask, BoxError, Origin, Products, Settings, Step, TaskSpec};

use crate::association::{InputKind, advise, allowed, association_of, kind_of};

/// A step on a library as a task of its own: an association, or one exposure, goes in.
pub(crate) fn task<S>() -> ActionTask
where
    S: Step<Input = Library, Output: Products> + 'static,
{
    ActionTask::new(TaskSpec::step::<S>(), |context, settings, inputs| {
        let (run, input) = begin(context, settings, inputs)?;
        let library = input.library(|_| true, &run)?;
        run.alone::<S>(library).map(|(_, saved)| saved)
    })
}

/// `resample` as a task: the metadata of a single exposure are not blended.
pub(crate) fn resample_task() -> ActionTask {
    ActionTask::new(TaskSpec::step::<Resample>(), |context, settings, inputs| {
        let (mut run, input) = begin(context, settings, inputs)?;
        if !input.is_association() {
            run.settings_mut()
                .set("blendheaders", false, Origin::Caller)?;
        }
        let library = input.library(|_| true, &run)?;
        run.alone::<Resample>(library).map(|(_, saved)| saved)
    })
}

/// `outlier_detection` as a task: images come as an association, integrations in one file.
pub(crate) fn outlier_detection_task() -> ActionTask {
    ActionTask::new(
        TaskSpec::step::<OutlierDetection>(),
        |context, settings, inputs| {
            if let [path] = inputs
                && kind_of(path) == InputKind::Exposure
            {
                let run = Run::begin(context, settings.clone(), path.to_str())?;
                let unusable = |source: BoxError| RunError::Input {
                    path: path.clone(),
                    source,
                };
                let model = RateModel::open(path).map_err(|error| unusable(error.into()))?;
                if let RateModel::Cube(cube) = model {
                    return run
                        .alone::<CubeOutlierDetection>(cube)
                        .map(|(_, saved)| saved);
                }
            }
            let (run, input) = begin(context, settings, inputs)?;
            let library = input.library(|_| true, &run)?;
            run.alone::<OutlierDetection>(library)
                .map(|(_, saved)| saved)
        },
    )
}

/// `tweakreg` as a task of its own. It saves catalogues besides.
pub(crate) fn tweakreg_task() -> ActionTask {
    ActionTask::new(TaskSpec::step::<TweakReg>(), |context, settings, inputs| {
        let (run, input) = begin(context, settings, inputs)?;
        let library = input.library(|_| true, &run)?;
        let directory = run.directory()?;
        let (outcome, mut saved) = run.alone::<TweakReg>(library)?;
        saved.extend(save_attachments(&mut outcome.into_model(), &directory)?);
        Ok(saved)
    })
}

/// Saves the tables that steps left in a library, and gives back their paths.
pub(crate) fn save_attachments(
    library: &mut Library,
    directory: &Path,
) -> Result<Vec<PathBuf>, RunError> {
    let attachments = library.take_attachments();
    let saved = attachments.iter().map(|attachment| {
        let unsaved = |source: DataModelError| RunError::Save {
            path: directory.join(&attachment.name),
            source: source.into(),
        };
        attachment.save(directory).map_err(unsaved)
    });
    saved.collect()
}

/// Parity: a file that is a member more than once is combined with itself. The errors of the mosaic are too small then.
fn warn_of_repeated(members: &[MemberFile]) {
    for (index, member) in members.iter().enumerate() {
        if members[..index]
            .iter()
            .any(|other| other.path == member.path)
        {
            let path = member.path.display();
            tracing::warn!("{path} is more than once in the association, and counts as often");
        }
    }
}

/// The association that a task was given, with all members in place.
pub(crate) struct Input<'a> {
    path: PathBuf,
    association: Association,
    context: &'a Context<'a>,
}

/// Begins the run of a task that takes one association or exposure, and checks that all members are there.
pub(crate) fn begin<'a>(
    context: &'a Context<'a>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<(Run<'a>, Input<'a>), RunError> {
    let [path] = inputs else {
        return Err(RunError::InputCount {
            task: settings.name().to_owned(),
            expected: "one association or exposure",
            found: inputs.len(),
        });
    };
    let run = Run::begin(context, settings, path.to_str())?;
    let unusable = |source: BoxError| RunError::Input {
        path: path.clone(),
        source,
    };
    let association = association_of(path).map_err(|error| unusable(error.into()))?;
    let checked = association.check_members(allowed(context)).map_err(advise);
    checked.map_err(|error| unusable(error.into()))?;
    let path = path.clone();
    let input = Input {
        path,
        association,
        context,
    };
    Ok((run, input))
}

impl Input<'_> {
    /// The product that the association is for: its first one.
    pub(crate) fn product(&self) -> &Product {
        &self.association.products[0]
    }

    /// Whether the input is an association and not an exposure.
    pub(crate) fn is_association(&self) -> bool {
        self.association.file().is_some()
    }

    /// The error that the association or one of its members cannot be used.
    pub(crate) fn unusable(&self, source: BoxError) -> RunError {
        RunError::Input {
            path: self.path.clone(),
            source,
        }
    }

    /// Opens the members whose role is `wanted`.
    ///
    /// Changed arrays are kept in memory unless the task's `in_memory` is off, or memory is limited; temporary files are
    /// made beside the products.
    pub(crate) fn library(
        &self,
        wanted: impl Fn(&Role) -> bool,
        run: &Run<'_>,
    ) -> Result<Library, RunError> {
        let unusable = |source| self.unusable(source);
        let members = self.product().members.iter();
        let members: Vec<_> = members
            .filter(|member| wanted(&member.role))
            .map(|member| self.file(member))
            .collect::<Result<_, BoxError>>()
            .map_err(unusable)?;
        warn_of_repeated(&members);
        let in_memory = run.settings().value("in_memory").as_bool() != Some(false);
        let in_memory = in_memory && run.max_memory_bytes().is_none();
        let changes = if in_memory {
            Changes::InMemory
        } else {
            Changes::OnDisk
        };
        let directory = run.directory()?;
        Library::open(&members, self.info(), changes, &directory)
            .map_err(|error| unusable(error.into()))
    }

    fn file(&self, member: &Member) -> Result<MemberFile, BoxError> {
        let allowed = allowed(self.context);
        let text = |key: &str| member.other.get(key).and_then(|value| value.as_str());
        let catalog = text("tweakreg_catalog").map(str::trim);
        let catalog = catalog.filter(|name| !name.is_empty());
        let catalog = catalog.map(|name| self.association.path_of_file(name, allowed));
        Ok(MemberFile {
            path: self.association.path_of(member, allowed)?,
            role: member.role.to_string(),
            group_id: text("group_id").map(str::to_owned),
            catalog: catalog.transpose()?,
        })
    }

    fn info(&self) -> AssociationInfo {
        let association = &self.association;
        if !self.is_association() {
            return AssociationInfo::default();
        }
        AssociationInfo {
            id: association.text("asn_id").map(str::to_owned),
            table_name: Some(association.file_name().to_owned()),
            pool_name: association.text("asn_pool").map(str::to_owned),
            product: Some(self.product().name.clone()),
        }
    }
}
